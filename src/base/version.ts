/** Version of the program, as `--version`, the API and the metadata of streams show it; `deno.json` has the same. */
export const VERSION = "0.2.0";
