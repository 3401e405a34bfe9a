/** What the actors of a day are drawn for. */
export interface DrawnCluster {
  readonly origins: number;
  readonly edges: number;
  readonly dayMs: number;
  readonly streams: readonly string[];
}

/** Of all servers. */
export function serverNames(origins: number, edges: number): string[] {
  return [
    ...Array.from({ length: origins }, (_, at) => `origin-${at + 1}`),
    ...Array.from({ length: edges }, (_, at) => `edge-${at + 1}`),
  ];
}
