import type { LineModel } from "../../kit/memory/memory_pipe.ts";
import type { Random } from "../random.ts";
import type { Weather } from "../scenario.ts";

/** Where segments are tiny, so many of a connection are. After that its talk is over, and messages are much alike. */
const SPLIT_SEGMENTS = 150;
const TINY_BYTES = 100;
const SPLIT_PERCENT = 20;

/** A line as the weather makes it. */
export class WeatherLine implements LineModel {
  readonly #weather: Weather;
  readonly #random: Random;
  readonly #nowMs: () => number;
  readonly #bytesPerMs: number;
  /** When what was sent before is through. */
  #freeMs = 0;
  #segments = 0;

  /** @param bytesPerMs What it carries; 0 for no limit. */
  constructor(weather: Weather, random: Random, { nowMs, bytesPerMs }: { nowMs: () => number; bytesPerMs: number }) {
    this.#weather = weather;
    this.#random = random;
    this.#nowMs = nowMs;
    this.#bytesPerMs = bytesPerMs;
  }

  delayMs(bytes: number): number {
    const { latencyMs, jitterMs } = this.#weather;
    const ms = latencyMs + this.#random.fraction() * jitterMs;
    if (this.#bytesPerMs === 0) return ms;
    const nowMs = this.#nowMs();
    this.#freeMs = Math.max(this.#freeMs, nowMs) + bytes / this.#bytesPerMs;
    return ms + this.#freeMs - nowMs;
  }

  segmentBytes(): number {
    const { segmentBytes } = this.#weather;
    if (segmentBytes === 0) return Infinity;
    const isOver = segmentBytes < TINY_BYTES && this.#segments++ >= SPLIT_SEGMENTS;
    return isOver && !this.#random.percent(SPLIT_PERCENT) ? Infinity : this.#random.between(1, segmentBytes);
  }
}
