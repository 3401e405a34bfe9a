import { runProcess } from "./src/cli/mod.ts";

Deno.exit(await runProcess(Deno.args));
