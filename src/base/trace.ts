/** What is told of a span. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Options of a new span. */
export interface SpanOptions {
  /** Serves another process, asks another one, or neither (default). */
  readonly kind?: "internal" | "server" | "client";
  readonly attributes?: SpanAttributes;
  /** {@link Span.traceparent} of a span of another trace that this one has to do with. */
  readonly link?: string;
}

/** A step of work with a beginning and an end, as OpenTelemetry has it. */
export interface Span {
  /** What another process needs to go on with this trace. Source: W3C Trace Context §3.2. */
  readonly traceparent: string;
  /** Begins a step within this one. */
  child(name: string, options?: SpanOptions): Span;
  set(attributes: SpanAttributes): void;
  /** Runs code whose HTTP requests belong to this step. */
  run<T>(fn: () => T): T;
  /** Ends the step, once: a second call does nothing. @param error Why it failed; empty if it did not. */
  end(error?: string): void;
}

/** Where traces begin in this process. Absent while nobody wants any: then nothing of this costs anything. */
export interface Tracer {
  /** @param parent {@link Span.traceparent} of a span of another process; null begins a new trace. */
  start(name: string, parent: string | null, options?: SpanOptions): Span;
}

/** Name of the HTTP header, and of the member of `connect` arguments, that carries {@link Span.traceparent}. */
export const TRACEPARENT = "traceparent";

/** A well-formed `traceparent` of version 00; null for anything else that a peer may say. */
export function readTraceparent(value: unknown): string | null {
  if (typeof value !== "string") return null;
  return /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/.test(value) ? value : null;
}
