import { convertConfig, formatProblem, loadConfig, sourceLineOf } from "../../../src/config/mod.ts";
import { parseEngineUrl } from "../../../src/config/values/engine_url.ts";
import { assert, assertEquals, assertStringIncludes } from "../../kit/assert.ts";

const base = "listen 1935; vhost __defaultVhost__ { }\n";

function load(text: string, env: Record<string, string> = {}) {
  const result = loadConfig({ path: "t.conf", text: base + text, env });
  const problems = result.problems.map((problem) =>
    formatProblem(problem, { sourceLine: sourceLineOf(result, problem) })
  );
  return { directory: result.config.directory, problems };
}

Deno.test("directory is read from the file and from the environment", () => {
  const { directory, problems } = load(
    "directory { enabled on; url redis://10.0.0.5; key_prefix live:; node_ttl 3000; region eu; peers rediss://us:6380 redis://asia; }",
  );
  assertEquals(problems, []);
  assertEquals(directory.url?.servers, [{ host: "10.0.0.5", port: 6379 }]);
  assertEquals(directory.peers.map(({ text, isTls }) => `${text} ${isTls}`), [
    "rediss://us:6380 true",
    "redis://asia false",
  ]);
  assertEquals([directory.keyPrefix, directory.nodeTtlMs, directory.region], ["live:", 3000, "eu"]);
  const env = {
    SRS_DIRECTORY_ENABLED: "on",
    SRS_DIRECTORY_URL: "redis://:word@e",
    SRS_DIRECTORY_KEY_PREFIX: "x:",
    SRS_DIRECTORY_NODE_TTL: "900",
    SRS_DIRECTORY_REGION: "us",
    SRS_DIRECTORY_PEERS: "redis://a redis://b",
  };
  const fromEnv = load("", env);
  assertEquals(fromEnv.problems, []);
  assertEquals(fromEnv.directory.url?.password, "word");
  assertEquals(fromEnv.directory.peers.length, 2);
  assertEquals([fromEnv.directory.keyPrefix, fromEnv.directory.nodeTtlMs, fromEnv.directory.region], ["x:", 900, "us"]);
});

const urls: [text: string, read: string][] = [
  ["redis://10.0.0.5", "10.0.0.5:6379 null : 0 redis://10.0.0.5"],
  ["REDIS://h:1/3", "h:1 null : 3 redis://h:1/3"],
  ["redis://user:p%40ss%2F@h/0", "h:6379 null user:p@ss/ 0 redis://h/0"],
  ["redis://:pa:ss@h", "h:6379 null :pa:ss 0 redis://h"],
  ["rediss://[::1]:6380/", "::1:6380 null : 0 rediss://[::1]:6380/"],
  ["redis+sentinel://a,b:1/mymaster", "a:26379 b:1 mymaster : 0 redis+sentinel://a,b:1/mymaster"],
  ["rediss+sentinel://u:p@a/m/2", "a:26379 m u:p 2 rediss+sentinel://a/m/2"],
];
for (const [text, read] of urls) {
  Deno.test(`parseEngineUrl() reads ${text}`, () => {
    const url = parseEngineUrl(text);
    assert(typeof url !== "string", String(url));
    const servers = url.servers.map(({ host, port }) => `${host}:${port}`).join(" ");
    const { primaryName, username, password, database } = url;
    assertEquals(`${servers} ${primaryName} ${username}:${password} ${database} ${url.text}`, read);
    assertEquals(url.isTls, text.startsWith("rediss"));
  });
}

const wrong: [text: string, message: string][] = [
  ["10.0.0.5:6379", "is no URL"],
  ["http://h", 'not reached by "http://"'],
  ["redis://u:s3cret/1@h", "are written as %2F"],
  ["redis://u:s3cret%@h", "is written as %25"],
  ["redis://a,b", "only redis+sentinel:// has several hosts"],
  ["redis://h/x", "is not a number"],
  ["redis://h/1/2", "is not a number"],
  ["redis://user@h", "a user without a password"],
  ["redis://h:99999", "has a host that is not"],
  ["redis+sentinel://a,b", "the name by which the Sentinels know the engine is missing"],
  [`redis+sentinel://${"a,".repeat(20)}a/m`, "more than 16 Sentinels"],
];
for (const [text, message] of wrong) {
  Deno.test(`a directory url like ${text.slice(0, 40)} is an error with a remedy that quotes no password`, () => {
    const { problems } = load(`directory { enabled on; url ${text}; }`);
    const told = problems.join("\n");
    assertStringIncludes(told, message);
    assertStringIncludes(told, "write redis://");
    assertEquals(told.includes("s3cret"), false, told);
  });
}

Deno.test("a directory that cannot work is told of, with what to do", () => {
  const told = (text: string) => load(text).problems.join("\n");
  assertStringIncludes(told("directory { enabled on; }"), 'has no engine to go to; add "url"');
  assertEquals(told("directory { enabled off; }"), "");
  assertStringIncludes(
    told("directory { enabled on; url redis://h; peers redis://u:s3cret@h; }"),
    "would be asked twice",
  );
  assertStringIncludes(told("directory { enabled on; url redis://h; node_ttl 100; }"), "below the minimum of 300");
  const many = Array.from({ length: 17 }, (_, i) => `redis://h${i}`).join(" ");
  assertStringIncludes(told(`directory { enabled on; url redis://h; peers ${many}; }`), "at most 16 are allowed");
});

for (const to of ["conf", "toml"] as const) {
  Deno.test(`addresses of engines are left out when a configuration is shown as ${to}`, () => {
    const text = `${base}directory { enabled on; url redis://u:s3cret1@h; peers redis://u:s3cret2@g; }\n`;
    const shown = convertConfig({ path: "t.conf", text, to, hidesSecrets: true });
    assertEquals(shown.text?.includes("s3cret"), false);
    assertEquals(shown.hidden, ["url", "peers"]);
    const whole = convertConfig({ path: "t.conf", text, to });
    assertEquals(whole.text?.match(/s3cret\d/g), ["s3cret1", "s3cret2"]);
  });
}

Deno.test("a line with the address of an engine is shown without it, a web address stays", () => {
  const { problems } = load("directory { enabled on; url redis://u:s3cret@h extra; node_ttl x; }");
  assert(problems.length > 0);
  assertEquals(problems.join("\n").includes("s3cret"), false, problems.join("\n"));
  const heartbeat = load("heartbeat { enabled on; url http://h:8085/api; interval 0; }").problems.join("\n");
  assertStringIncludes(heartbeat, "http://h:8085/api");
});
