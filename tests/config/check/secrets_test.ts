import { convertConfig, formatProblem, loadConfig, sourceLineOf } from "../../../src/config/mod.ts";
import { hideSecretsOfLine } from "../../../src/config/secrets.ts";
import { assertEquals, assertStringIncludes } from "../../kit/assert.ts";

const conf = `listen 1935;
http_api { enabled on; auth { enabled on; username me; password s3cret1; } https { key ./server.key; } }
vhost __defaultVhost__ {
    signed_url { key s3cret2 s3cret3; }
    cluster { origin_cluster on; coworkers b:1985; coworker_token s3cret4 "s3cret5"; }
}
`;

for (const to of ["conf", "toml"] as const) {
  Deno.test(`convertConfig() to ${to} leaves secrets out when told to, and only then`, () => {
    const options = { path: "t.conf", text: conf, to } as const;
    const shown = convertConfig({ ...options, hidesSecrets: true });
    assertEquals(shown.text?.match(/s3cret\d/g) ?? [], []);
    assertEquals(shown.hidden, ["password", "key", "coworker_token"]);
    assertStringIncludes(shown.text ?? "", "./server.key");
    const whole = convertConfig(options);
    assertEquals(whole.text?.match(/s3cret\d/g), ["s3cret1", "s3cret2", "s3cret3", "s3cret4", "s3cret5"]);
    assertEquals(whole.hidden, []);
  });
}

Deno.test("a problem on the line of a secret is shown without it", () => {
  const text = conf.replace('"s3cret5"', "s3cret5 s3cret6");
  const result = loadConfig({ path: "t.conf", text });
  const shown = result.problems.map((problem) => formatProblem(problem, { sourceLine: sourceLineOf(result, problem) }));
  assertStringIncludes(shown.join("\n"), "there are 3 secrets, at most 2 are allowed");
  assertEquals(shown.join("\n").match(/s3cret\d/g), null);
});

Deno.test("an unknown directive is shown without its values: it may be a secret that is misspelled", () => {
  const text = "listen 1935;\nhttp_api { enabled on; pass_word s3cret1; }\nstream_secret s3cret2;\n";
  const result = loadConfig({ path: "t.conf", text });
  const shown = result.problems.map((problem) => formatProblem(problem, { sourceLine: sourceLineOf(result, problem) }));
  assertStringIncludes(shown.join("\n"), "stream_secret *******;");
  assertEquals(shown.join("\n").match(/s3cret\d/g), null);
});

const carelesslyQuoted = [
  {
    path: "t.conf",
    text: "listen 1935;\nhttp_api { enabled on; auth { enabled on; username u; password s3cret1 s3cret2; } }\n",
  },
  { path: "t.toml", text: 'listen = "1935"\nhttp_api.auth.password = s3cret1\n' },
];
for (const source of carelesslyQuoted) {
  Deno.test(`a secret of ${source.path} without its quotes is told of, and not shown`, () => {
    const result = loadConfig(source);
    const shown = result.problems.map((problem) =>
      formatProblem(problem, { sourceLine: sourceLineOf(result, problem) })
    );
    assertStringIncludes(shown.join("\n"), "*******");
    assertEquals(shown.join("\n").match(/s3cret\d/g), null);
  });
}

const lines: [line: string, shown: string][] = [
  ["coworker_token abc def;", "coworker_token *** ***;"],
  ["cluster { coworker_token abc; coworkers b; }", "cluster { coworker_token ***; coworkers b; }"],
  ['coworker_token = ["a", "b"] # c', "coworker_token = ***** **** # c"],
  ["password x;", "password *;"],
  ["key ./conf/server.key;", "key ./conf/server.key;"],
  ["coworkers a:1 b:1;", "coworkers a:1 b:1;"],
  ["coworker_tokens abc;", "coworker_tokens ***;"],
  ["pasword abc;", "pasword ***;"],
  ["stream_secret abc;", "stream_secret ***;"],
  ["auth { username u; passwd abc; }", "auth { username u; passwd ***; }"],
  ['http_api.auth.passwrd = "abc"', "http_api.auth.passwrd = *****"],
  ["signed_url { key s3cret4; }", "signed_url { key *******; }"],
  ["https { key ./a.key; cert b.crt; }", "https { key ./a.key; cert b.crt; }"],
  ["lisen 1.2.3.4:1935;", "lisen 1.2.3.4:1935;"],
  ["unheard_of 350;", "unheard_of 350;"],
  ["vhost a.com { play { gop_cache yes; enabled on }", "vhost a.com { play { gop_cache yes; enabled on }"],
  ["include x.conf;", "include x.conf;"],
];

for (const [line, shown] of lines) {
  Deno.test(`hideSecretsOfLine() shows ${shown}`, () => assertEquals(hideSecretsOfLine(line), shown));
}
