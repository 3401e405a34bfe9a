import { clusterModes, type Config, formatProblem, loadConfig } from "../../src/config/mod.ts";
import { apiRoutes } from "../../src/http/api/routes.ts";
import { commandTable } from "../../src/cli/command_table.ts";
import { assert, assertEquals, assertGreater, assertMatch } from "../kit/assert.ts";
import {
  configText,
  type KubernetesDocument,
  kubernetesDocuments as documents,
  kubernetesText as text,
  type Labels,
} from "../kit/kubernetes_file.ts";
import { parseAllYaml } from "../kit/yaml.ts";

function find(kind: string, name: string): KubernetesDocument {
  const found = documents.filter((each) => each.kind === kind && each.metadata.name === name);
  assertEquals(found.length, 1, `${kind} ${name}`);
  return found[0]!;
}

const workloads = [
  { role: "origin", workload: find("StatefulSet", "srs-origin"), map: find("ConfigMap", "srs-origin") },
  { role: "edge", workload: find("Deployment", "srs-edge"), map: find("ConfigMap", "srs-edge") },
] as const;

/** The configuration in a ConfigMap, which must be without fault. */
function configOf(map: KubernetesDocument): Config {
  const { data, metadata } = map;
  assertEquals(Object.keys(data), ["srs.conf"]);
  const { config, problems } = loadConfig({ path: `${metadata.name}/srs.conf`, text: configText(map) });
  assertEquals(problems.map((problem) => formatProblem(problem)), []);
  return config;
}

for (const { role, workload, map } of workloads) {
  const { containers: [container], ...pod } = workload.spec.template.spec;
  const portOf = (name: string) => container.ports.find((port) => port.name === name)?.containerPort;

  Deno.test(`kubernetes.yaml: the configuration of the ${role}s is right, and is what they run`, () => {
    const config = configOf(map);
    const { local, remote } = clusterModes(config);
    assertEquals(role === "origin" ? [local, remote] : [remote, local], [1, 0]);
    assertEquals([config.daemon, config.inDocker], [false, true]);
    assertEquals(container.args, ["-c", "conf/srs.conf"]);
    const volume = pod.volumes.find(({ configMap }) => configMap?.name === map.metadata.name);
    const mount = container.volumeMounts.find(({ name }) => name === volume?.name);
    assertEquals(mount?.mountPath, "/usr/local/srs/conf", "the working directory is /usr/local/srs");
    const known = Deno.readTextFileSync(new URL("../../conf/DIRECTIVES.md", import.meta.url));
    for (const { name } of container.env ?? []) assert(known.includes(`\`${name}\``), name);
  });

  Deno.test(`kubernetes.yaml: the ports of the ${role}s are those that they listen on`, () => {
    const { listen, httpApi, httpServer, exporter } = configOf(map);
    const configured = { rtmp: listen[0]?.port, api: httpApi.listen.port, http: httpServer.listen.port };
    assertEquals([httpApi.enabled, httpServer.enabled, exporter.enabled], [true, true, true]);
    const declared = Object.fromEntries(container.ports.map(({ name, containerPort }) => [name, containerPort]));
    assertEquals(declared, { ...configured, metrics: exporter.listen.port });
    const { annotations } = workload.spec.template.metadata;
    assertEquals(annotations["prometheus.io/port"], String(exporter.listen.port));
  });

  Deno.test(`kubernetes.yaml: the probes of the ${role}s ask what the API answers`, () => {
    const { startupProbe, livenessProbe, readinessProbe } = container;
    const paths = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path);
    assertEquals(paths, ["/healthz", "/healthz", "/readyz"]);
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) {
      assert(apiRoutes.some(({ path }) => path === httpGet.path), httpGet.path);
      // The HTTP server closes its port when it drains, the API last of all.
      assertEquals(httpGet.port, "api");
    }
  });

  Deno.test(`kubernetes.yaml: the ${role}s drain before they are ended, and have the time for it`, () => {
    const { graceStartWaitMs, graceFinalWaitMs } = configOf(map);
    const [program, command = "", option, api] = container.lifecycle.preStop.exec.command;
    assertMatch(
      Deno.readTextFileSync(new URL("../../conf/Dockerfile", import.meta.url)),
      new RegExp(`ENTRYPOINT \\["${program}"\\]`),
    );
    assert(Object.keys(commandTable).includes(command));
    assertEquals([option, api], ["--api", `127.0.0.1:${portOf("api")}`]);
    // Besides, connections that are closed at the end get 3 s.
    assertGreater(pod.terminationGracePeriodSeconds * 1000, graceStartWaitMs + graceFinalWaitMs + 10_000);
    // At the latest then, nobody is sent there any more: two failed probes.
    assertGreater(graceStartWaitMs, 4000);
  });

  Deno.test(`kubernetes.yaml: the ${role}s have bounds, and no rights that they do not need`, () => {
    for (const kind of ["requests", "limits"] as const) {
      assertEquals(Object.keys(container.resources[kind]), ["cpu", "memory"]);
    }
    const { runAsNonRoot, runAsUser, seccompProfile } = pod.securityContext;
    assertEquals([runAsNonRoot, runAsUser, seccompProfile], [true, 65532, { type: "RuntimeDefault" }]);
    assertEquals(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    const writable = container.volumeMounts.map(({ mountPath }) => mountPath);
    assert(writable.includes("/usr/local/srs/objs"), "the pid file is written there");
  });

  Deno.test(`kubernetes.yaml: services and the disruption budget mean the ${role}s`, () => {
    const { labels } = workload.spec.template.metadata;
    assertEquals(workload.spec.selector.matchLabels, labels);
    assertEquals(find("PodDisruptionBudget", workload.metadata.name).spec.selector.matchLabels, labels);
    const services = documents.filter(({ kind, metadata }) => kind === "Service" && metadata.labels.component === role);
    assertGreater(services.length, 0);
    for (const { metadata: { name }, spec: { selector, ports } } of services) {
      assertEquals(selector, labels as typeof selector, name);
      for (const { port, targetPort = "" } of ports) assertEquals(portOf(targetPort), port, `${name} ${port}`);
      const isOpen = ports.some(({ targetPort }) => targetPort === "api" || targetPort === "metrics");
      if (isOpen) assertEquals(find("Service", name).spec.clusterIP, "None", "the API is for the cluster alone");
    }
  });
}

Deno.test("kubernetes.yaml: origins find each other by the headless service, edges find each of them by name", () => {
  const [{ workload: origins, map }, { map: edgeMap }] = workloads;
  const { serviceName, replicas } = origins.spec;
  const headless = find("Service", serviceName).spec;
  assertEquals([headless.clusterIP, headless.publishNotReadyAddresses], ["None", true]);
  const api = headless.ports.find(({ name }) => name === "api")?.port;
  assertMatch(map.data["srs.conf"]!, new RegExp(`^ +coworkers +dns\\+http://${serviceName}:${api};$`, "m"));
  const rtmp = headless.ports.find(({ name }) => name === "rtmp")?.port;
  const pods = Array.from({ length: replicas }, (_, at) => `${origins.metadata.name}-${at}.${serviceName}:${rtmp}`);
  assertEquals(configOf(edgeMap).vhosts[0]?.cluster.origin.map(({ text }) => text), pods);
});

Deno.test("kubernetes.yaml: all run one image", () => {
  const images = workloads.map(({ workload }) => workload.spec.template.spec.containers[0].image);
  assertEquals(new Set(images).size, 1);
  assert(text.startsWith("# ") && text.includes(`"${images[0]}"`), "the first lines say what to put in its place");
});

Deno.test("kubernetes.yaml: Valkey is left out, and right once its lines are taken in", () => {
  assertEquals(documents.filter(({ metadata }) => metadata.labels.component === "valkey"), []);
  const [, commented = ""] = text.split(/^#$/m).slice(-2).join("").match(/^(# ---[\s\S]*)$/m) ?? [];
  const [service, deployment, ...rest] = parseAllYaml(commented.replace(/^# ?/gm, "")) as KubernetesDocument[];
  assertEquals([service?.kind, deployment?.kind, rest], ["Service", "Deployment", []]);
  assertEquals(service?.spec.selector as Labels, deployment?.spec.template.metadata.labels);
  const [container] = deployment!.spec.template.spec.containers;
  assertEquals(container.ports.map(({ name, containerPort }) => [name, containerPort]), [["redis", 6379]]);
  assert(text.includes(`redis://${service!.metadata.name}:${service!.spec.ports[0]!.port}`));
});
