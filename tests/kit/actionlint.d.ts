/** The npm package declares its types in a way that Deno does not find. */
export interface LintResult {
  file: string;
  line: number;
  column: number;
  message: string;
  kind: string;
}

export function createLinter(url?: URL): Promise<(input: string, path: string) => LintResult[]>;
