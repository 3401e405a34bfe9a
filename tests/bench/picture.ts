import type { Report } from "./table.ts";

export function drawPicture(_report: Report): string {
  return "";
}
