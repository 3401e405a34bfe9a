import { assertStringIncludes } from "../../kit/assert.ts";

Deno.test("samples name themselves in the command that starts them", async () => {
  let seen = 0;
  for await (const { name } of Deno.readDir("conf")) {
    if (!/^origin\.cluster\..*\.(conf|toml)$/.test(name)) continue;
    seen++;
    const text = await Deno.readTextFile(`conf/${name}`);
    if (text.includes("Start it with:")) assertStringIncludes(text, `-c conf/${name}\n`);
  }
  if (seen < 6) throw new Error(`only ${seen} samples`);
});
