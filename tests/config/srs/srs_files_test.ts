/** The configuration files that SRS ships. */
import { formatProblem, loadConfig } from "../../../src/config/mod.ts";
import { assert, assertEquals } from "../../kit/assert.ts";

/** `SRS_SOURCES`: the folder `trunk/src` of a version of SRS; its files are beside it. */
const sources = Deno.env.get("SRS_SOURCES") ?? "";
const folder = `${sources}/..`;

/** Files that no SRS starts: a reference, parts of others, files for nginx, and, in SRS 4 to 6, those that lack a `;`. */
const notForSrs = new Set(
  ("full.conf include.vhost.conf hls.edge.conf nginx.proxy.conf push.rtsp.conf edge.token.traverse.conf " +
    "http.heartbeat.conf realtime.conf realtime.flv.conf").split(" "),
);

/** What stands in such files and may be taken for a mistake. */
const constructs: [what: string, text: string][] = [
  ["IPv4 and IPv6 on one port", "listen 1935 [::]:1935; vhost __defaultVhost__ { }"],
  ["nothing but a listener", "listen 1935;"],
  ["names of the environment", "listen 1935; rtc_server { enabled on; listen 8000; candidate $CANDIDATE; }"],
  [
    "API and streams on one port",
    "listen 1935; http_api { enabled on; listen 8080; } http_server { enabled on; listen 8080; }",
  ],
  ["a block that closes with more after it", "listen 1935; vhost a.com { play{ gop_cache off; } }\n# end"],
  [
    "blocks of other protocols",
    "listen 1935; stream_caster { enabled on; caster gb28181; sip { enabled on; } output x; }",
  ],
];

for (const [what, text] of constructs) {
  Deno.test(`loadConfig starts with ${what}`, () => assertEquals(errorsOf("x.conf", text), []));
}

Deno.test({
  name: `loadConfig starts with every file that SRS ships${sources === "" ? " (SRS_SOURCES)" : ""}`,
  ignore: sources === "",
  fn() {
    const files = Array.from(Deno.readDirSync(`${folder}/conf`), ({ name }) => name).filter((name) =>
      /\.conf$/.test(name)
    );
    assert(files.length > 50, `only ${files.length} files in ${folder}/conf`);
    const errors = files.filter((name) => !notForSrs.has(name)).flatMap((name) => errorsOf(`conf/${name}`));
    assertEquals(errors, []);
  },
});

function errorsOf(path: string, text?: string): string[] {
  const { problems } = loadConfig({
    path,
    ...(text === undefined ? {} : { text }),
    readFile: (name) => Deno.readTextFileSync(`${folder}/${name}`),
    listDirectory: (name) => Array.from(Deno.readDirSync(`${folder}/${name}`), (entry) => entry.name),
    system: { maxOpenFiles: 65_536, localAddresses: 3 },
  });
  return problems.filter(({ severity }) => severity === "error").map((problem) => formatProblem(problem));
}
