import { assertEquals, assertStringIncludes } from "../../kit/assert.ts";

const script = new URL("../../../conf/install.sh", import.meta.url).pathname;
const archive = `srs-ts-linux-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}.tar.gz`;

/** Runs the script against a release that is served from here. */
async function install(release: { version?: string; sums(sum: string): string; runs?: boolean }) {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${dir}/pack`);
    const program = release.runs === false ? "exit 126" : "echo 9.8.7";
    await Deno.writeTextFile(`${dir}/pack/srs-ts`, `#!/bin/sh\n${program}\n`, { mode: 0o755 });
    await run(["tar", "-C", `${dir}/pack`, "-czf", `${dir}/${archive}`, "."]);
    const bytes = await Deno.readFile(`${dir}/${archive}`);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const sum = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const asked: string[] = [];
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
      const { pathname } = new URL(url);
      asked.push(pathname);
      if (pathname.endsWith(archive)) return new Response(bytes);
      return pathname.endsWith("SHA256SUMS") ? new Response(release.sums(sum)) : new Response("", { status: 404 });
    });
    const result = await run(["sh", script], {
      HOME: dir,
      SRS_TS_BIN: `${dir}/bin`,
      SRS_TS_RELEASES: `http://127.0.0.1:${server.addr.port}/releases`,
      ...(release.version === undefined ? {} : { SRS_TS_VERSION: release.version }),
    });
    const installed = await Deno.readTextFile(`${dir}/bin/srs-ts`).catch(() => null);
    return { ...result, asked, installed, text: `${result.out}${result.err}`.replaceAll(dir, "DIR") };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function run([file = "", ...args]: string[], env: Record<string, string> = {}) {
  const { code, stdout, stderr } = await new Deno.Command(file, { args, env }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const named = (sum: string) => `${"0".repeat(64)}  srs-ts-windows-x64.zip\n${sum}  ${archive}\n`;

Deno.test("install.sh installs the latest release, or the one that is named", async () => {
  const latest = await install({ sums: named });
  assertEquals([latest.code, latest.err], [0, ""]);
  assertEquals(
    latest.text,
    "srs-ts 9.8.7 is installed: DIR/bin/srs-ts\nDIR/bin is not in your PATH yet: add it\nSee it work: srs-ts demo\n",
  );
  assertEquals(latest.asked, [`/releases/latest/download/${archive}`, "/releases/latest/download/SHA256SUMS"]);
  assertStringIncludes(latest.installed ?? "", "echo 9.8.7");
  const old = await install({ sums: named, version: "v0.1.9" });
  assertEquals([old.code, old.asked[0]], [0, `/releases/download/v0.1.9/${archive}`]);
});

const failures: [what: string, release: Parameters<typeof install>[0], words: string][] = [
  ["another checksum", { sums: () => named("a".repeat(64)) }, "nothing was installed"],
  ["no checksum", { sums: () => `${"a".repeat(64)}  other.tar.gz\n` }, "does not name"],
  ["a checksum of a longer name", { sums: (sum) => `${sum}  old-${archive}\n` }, "does not name"],
  ["a program that does not run here", { sums: named, runs: false }, "does not run on this system"],
];

for (const [what, release, words] of failures) {
  Deno.test(`install.sh installs nothing with ${what}`, async () => {
    const { code, err, installed } = await install(release);
    assertEquals([code, installed], [1, null]);
    assertStringIncludes(err, words);
  });
}

Deno.test("install.sh says what it cannot download", async () => {
  const { code, err } = await run(["sh", script], { SRS_TS_BIN: "/tmp", SRS_TS_RELEASES: "http://127.0.0.1:1" });
  assertEquals([code, err.split("\n").at(-2)], [
    1,
    `install.sh: cannot download http://127.0.0.1:1/latest/download/${archive}`,
  ]);
});
