import { assertEquals, assertStringIncludes } from "../../kit/assert.ts";
import { freePort, isListening, Program, programCommand, until } from "../../kit/launcher.ts";
import { inDirectory } from "../../kit/server/cli_server.ts";

const isLinux = Deno.build.os === "linux";

const cases = [
  { name: "by default", directives: "", expected: isLinux ? ["lowat", "send"] : ["read", "write"] },
  { name: "that are switched off", directives: "recv_path read; send_path write;", expected: ["read", "write"] },
];

for (const { name, directives, expected } of cases) {
  for (const workers of [1, 2]) {
    Deno.test(`summaries tell the ways to the kernel ${name}, with workers ${workers}`, () =>
      inDirectory(async (directory) => {
        const [rtmp, api] = [freePort(), freePort()];
        await Deno.writeTextFile(
          `${directory}/x.conf`,
          `listen 127.0.0.1:${rtmp}; daemon off; srs_log_tank console; pid x.pid; workers ${workers}; ${directives}\n` +
            `http_api { enabled on; listen 127.0.0.1:${api}; }\nvhost __defaultVhost__ { }\n`,
        );
        await using server = new Program(programCommand("origin", "-c", "x.conf"), { cwd: directory });
        await until(() => isListening(api), 20_000, () => server.output);
        const answer = await fetch(`http://127.0.0.1:${api}/api/v1/summaries`);
        const { data: { self } } = await answer.json();
        assertEquals([self.recv_path, self.send_path], expected);
        if (!isLinux && directives === "") assertStringIncludes(server.output, "no short ways to the kernel");
      }));
  }
}
