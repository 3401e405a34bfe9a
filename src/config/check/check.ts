import type { Config, VhostConfig } from "../config.ts";
import { checkCoworkers, checkListeners } from "./addresses.ts";
import { checkRecording } from "./recording.ts";
import { checkTls, type TlsFacts } from "./tls.ts";
import { type Place, type ProblemList, quoteWord, wholeFile } from "../problem.ts";
import { type ConfBlock, type ConfDirective, findDirective, placeOf } from "../srs/parser.ts";

/** What checks need to know about the machine; a check whose fact is missing is left out. */
export interface SystemFacts {
  /** `ulimit -n`. */
  readonly maxOpenFiles?: number;
  /** Number of local addresses, for `stats.network`. */
  readonly localAddresses?: number;
  /** The local addresses, to find out which coworker is this server. */
  readonly localIps?: readonly string[];
  /** What is in the files of certificates. */
  readonly tls?: TlsFacts;
}

/** Options of {@link checkConfig}. */
export interface CheckOptions extends SystemFacts {
  readonly file: string;
  readonly problems: ProblemList;
  /** False when the file need not have a `listen`. */
  readonly requireListen: boolean;
}

/** Checks what no single value shows. Source: SRS 7 `SrsConfig::check_normal_config`, `check_number_connections`. */
export function checkConfig(config: Config, tree: ConfBlock, options: CheckOptions): void {
  const { problems } = options;
  const at = (...names: string[]) => locate(tree, names, options.file);
  const listenWords = findDirective(tree, ["listen"])?.args ?? [];
  if (options.requireListen && listenWords.length === 0) {
    problems.error(wholeFile(options.file), `"listen" is missing`, "add a port, for example 1935");
  }
  if (config.isFull) {
    problems.error(
      at("is_full"),
      "is_full marks a reference that cannot be run",
      "copy what you need into another file",
    );
  }
  checkProcess(config, at, options);
  checkHttp(config, at, problems);
  checkDirectory(config, at, problems);
  checkListeners(config, tree, options.file, problems);
  checkTls(config, at, { facts: options.tls, problems });
  if (config.vhosts.length === 0) {
    problems.warn(
      wholeFile(options.file),
      `"vhost" is missing: every client will be refused`,
      "add one named __defaultVhost__",
    );
  }
  const nodes = vhostNodes(tree);
  for (const vhost of config.vhosts) checkVhost(config, vhost, nodes.get(vhost.name), options);
}

type Locate = (...names: string[]) => Place;

function checkProcess(config: Config, at: Locate, options: CheckOptions): void {
  const { problems, maxOpenFiles, localAddresses } = options;
  // SRS keeps 128 file descriptors for itself.
  if (maxOpenFiles !== undefined && config.maxConnections + 128 >= maxOpenFiles) {
    const needed = config.maxConnections + 129;
    const message =
      `max_connections ${config.maxConnections} needs ${needed} open files, but ulimit -n allows ${maxOpenFiles}`;
    problems.error(at("max_connections"), message, `run "ulimit -n ${needed}", or lower it`);
  }
  if (config.asprocess && config.daemon) {
    problems.error(at("asprocess"), "asprocess does not work with daemon on", "set daemon to off");
  }
  if (localAddresses !== undefined && config.stats.network >= localAddresses) {
    problems.error(at("stats", "network"), `this machine has only ${localAddresses} addresses, counted from 0`);
  }
}

function checkHttp(config: Config, at: Locate, problems: ProblemList): void {
  const { httpApi: api, httpServer: server } = config;
  const sameHttp = api.listen.text === server.listen.text;
  const sameHttps = api.https.listen.text === server.https.listen.text;
  if (sameHttp !== sameHttps) {
    const [same, other] = sameHttp ? ["HTTP", "HTTPS"] : ["HTTPS", "HTTP"];
    const place = at("http_api", ...(sameHttp ? ["https", "listen"] : ["listen"]));
    const message = `http_api and http_server share the ${same} address but not the ${other} address`;
    problems.error(place, message, "share both or neither");
  }
  if (api.https.enabled && !api.enabled) problems.error(at("http_api", "https"), "https requires http_api.enabled on");
  if (server.https.enabled && !server.enabled) {
    problems.error(at("http_server", "https"), "https requires http_server.enabled on");
  }
}

function checkDirectory({ directory }: Config, at: Locate, problems: ProblemList): void {
  const { enabled, url, peers } = directory;
  if (!enabled) return;
  if (url === null) {
    const remedy = 'add "url", for example redis://10.0.0.5:6379/0';
    problems.error(at("directory"), "the directory has no engine to go to", remedy);
  }
  if (url !== null && peers.some(({ text }) => text === url.text)) {
    const message = "the engine of this region is among the peers, and would be asked twice";
    problems.error(at("directory", "peers"), message, "name the engines of other regions only");
  }
}

/** The vhost blocks by name; the first of a name counts. */
function vhostNodes(tree: ConfBlock): Map<string, ConfDirective> {
  const nodes = new Map<string, ConfDirective>();
  for (const directive of tree.directives) {
    const name = directive.args[0]?.text ?? "";
    if (directive.name.text === "vhost" && !nodes.has(name)) nodes.set(name, directive);
  }
  return nodes;
}

function checkVhost(
  config: Config,
  vhost: VhostConfig,
  node: ConfDirective | undefined,
  options: CheckOptions,
): void {
  const { problems, file } = options;
  const inside = node?.block ?? { directives: [], tailComments: [] };
  const at = (...names: string[]) => {
    const place = locate(inside, names, file);
    return place.line > 0 || !node ? place : placeOf(node);
  };
  const { cluster } = vhost;
  // A directory knows the owners.
  if (vhost.enabled && cluster.mode === "remote" && cluster.origin.length === 0 && !config.directory.enabled) {
    problems.warn(at("cluster", "mode"), `mode remote has no "origin" to pull from`, "add the origins");
  }
  const unasked = cluster.protocol === "rtmp" ? undefined : cluster.origin.find(({ text }) => /^rtmps:/i.test(text));
  if (vhost.enabled && cluster.mode === "remote" && unasked !== undefined && !cluster.followClient) {
    const message = `protocol ${cluster.protocol} cannot pull from ${quoteWord(unasked.text)}`;
    problems.warn(at("cluster", "origin"), message, "write host:port of the origin's HTTP server");
  }
  if (cluster.mode === "remote" && cluster.originCluster) {
    problems.warn(at("cluster", "origin_cluster"), "origin_cluster has no effect with mode remote");
  }
  if (vhost.enabled && cluster.mode === "local" && cluster.originCluster) {
    checkMesh(config, vhost, at, problems);
    const coworkers = findDirective(inside, ["cluster", "coworkers"]);
    checkCoworkers(config, vhost, coworkers, { localIps: options.localIps ?? [], problems });
  }
  if (vhost.forward.enabled && vhost.publish.kickoffForIdleMs > 0) {
    problems.error(
      at("publish", "kickoff_for_idle"),
      "kickoff_for_idle cannot be used with forward",
      "turn one of them off",
    );
  }
  const { signedUrl } = vhost;
  if ((signedUrl.publish || signedUrl.play) && !signedUrl.key.some((key) => key !== "")) {
    problems.error(at("signed_url"), "signed_url has no key and would refuse everybody", 'add "key" with a secret');
  }
  checkRecording(vhost, at, problems);
  checkForeignBlocks(inside, problems);
}

function checkMesh(config: Config, vhost: VhostConfig, at: Locate, problems: ProblemList): void {
  if (vhost.cluster.coworkers.length === 0) {
    problems.warn(
      at("cluster", "origin_cluster"),
      "origin_cluster has no coworkers to ask",
      "list the other origins in coworkers",
    );
  }
  if (config.httpApi.enabled && config.httpApi.auth.enabled && vhost.cluster.coworkerToken.length === 0) {
    const message = "http_api.auth without a coworker_token: coworkers cannot ask this server who has a stream";
    const remedy = 'set the same "coworker_token" in the cluster block of every origin';
    problems.error(at("cluster", "origin_cluster"), message, remedy);
  }
  if (!config.httpApi.enabled) {
    const message = "origin_cluster without http_api: coworkers cannot ask this server for its streams";
    problems.warn(at("cluster", "origin_cluster"), message, "set http_api.enabled to on");
  }
}

/** Checks of blocks that this server does not have, so that a file is right for SRS too. */
function checkForeignBlocks(vhost: ConfBlock, problems: ProblemList): void {
  if (!vhost.directives.some(({ name: { text } }) => text === "ingest" || text === "http_remux")) return;
  const ids = new Map<string, ConfDirective>();
  for (const directive of vhost.directives) {
    if (directive.name.text !== "ingest") continue;
    const id = directive.args[0]?.text ?? "";
    const first = ids.get(id);
    if (first) {
      const message = `ingest ${quoteWord(id)} is already on line ${first.name.line}`;
      problems.error(placeOf(directive), message, "give each ingest a name of its own");
    } else ids.set(id, directive);
  }
  const mount = mountAfterEnabled(vhost);
  if (mount?.args[0]?.text.endsWith(".ts") && isOn(findDirective(vhost, ["hls", "enabled"]))) {
    problems.error(placeOf(mount), "a .ts mount of http_remux cannot be used with hls", "mount .flv, or turn hls off");
  }
}

/** The `mount` of http_remux when `enabled on` stands before it: SRS overlooks any other. */
function mountAfterEnabled(vhost: ConfBlock): ConfDirective | undefined {
  const inside = findDirective(vhost, ["http_remux"])?.block?.directives ?? [];
  const enabledAt = inside.findIndex((directive) => directive.name.text === "enabled" && isOn(directive));
  return enabledAt < 0 ? undefined : inside.slice(enabledAt).find(({ name }) => name.text === "mount");
}

function isOn(directive: ConfDirective | undefined): boolean {
  return directive?.args[0]?.text === "on";
}

/** Place of the first value along a path of names, else of the nearest block around it, else the file. */
function locate(block: ConfBlock, names: readonly string[], file: string): Place {
  for (let length = names.length; length > 0; length--) {
    const found = findDirective(block, names.slice(0, length));
    if (found) return placeOf(found, found.block ? found.name : found.args[0] ?? found.name);
  }
  return wholeFile(file);
}
