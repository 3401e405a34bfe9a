import { assertEquals, assertStringIncludes } from "../../kit/assert.ts";
import { configText, kubernetesDocuments } from "../../kit/kubernetes_file.ts";
import { freePort, isListening, Program, programCommand, run, until } from "../../kit/launcher.ts";
import { inDirectory } from "../../kit/server/cli_server.ts";

/** Ports of the file, which may be taken on this machine. */
const taken = ["1935", "1985", "8080", "9972"];

for (const { kind, metadata: { name }, spec } of kubernetesDocuments) {
  if (kind !== "StatefulSet" && kind !== "Deployment") continue;
  const [{ args, env = [], lifecycle, livenessProbe, readinessProbe }] = spec.template.spec.containers;
  const map = kubernetesDocuments.find((each) => each.kind === "ConfigMap" && each.metadata.name === name)!;

  Deno.test(`kubernetes.yaml: a Pod of ${name} runs, is ready, and ends by its preStop hook`, () =>
    inDirectory(async (directory) => {
      const ports = new Map(taken.map((port) => [port, String(freePort())]));
      const moved = (text: string) => text.replace(/\b(?:1935|1985|8080|9972)\b/g, (port) => ports.get(port)!);
      await Deno.mkdir(`${directory}/conf`);
      await Deno.mkdir(`${directory}/objs`);
      await Deno.writeTextFile(`${directory}/conf/srs.conf`, moved(configText(map, false)));
      const secrets = Object.fromEntries(env.map(({ name }) => [name, "s3cret-of-the-cluster"]));
      // The environment goes over the file, as with SRS.
      const environment = { ...secrets, SRS_GRACE_START_WAIT: "1500", SRS_GRACE_FINAL_WAIT: "200" };
      await using pod = new Program(programCommand(...args), { cwd: directory, env: environment });
      const api = Number(ports.get("1985"));
      await until(() => isListening(api), 20_000, () => pod.output);
      const probe = async ({ httpGet }: typeof livenessProbe) => {
        const answer = await fetch(`http://127.0.0.1:${api}${httpGet.path}`);
        await answer.body?.cancel();
        return answer.status;
      };
      assertEquals([await probe(livenessProbe), await probe(readinessProbe)], [200, 200]);
      if (env.length > 0) assertStringIncludes(pod.output, "coworkers with the token");
      const [, ...hook] = lifecycle.preStop.exec.command.map(moved);
      const stopping = run(programCommand(...hook), 20_000);
      await pod.prints("graceful stop, accepting new clients for another 1500 ms", 15_000);
      assertEquals([await probe(livenessProbe), await probe(readinessProbe)], [200, 503]);
      const { code, output } = await stopping;
      assertEquals(code, 0, output);
      assertEquals((await pod.status(5000)).code, 0);
      // Here no name server knows the Service.
      const wrong = (pod.output.match(/\[(?:WARN|ERROR)\].*/g) ?? []).filter((line) => !line.includes("srs-origin"));
      assertEquals(wrong, [], pod.output);
    }));
}
