import type { ListenAddress } from "../address.ts";
import type { Config, VhostConfig } from "../config.ts";
import { type Place, type ProblemList, quoteWord, wholeFile } from "../problem.ts";
import type { ConfWord } from "../srs/lexer.ts";
import { type ConfBlock, type ConfDirective, findDirective, placeOf } from "../srs/parser.ts";

/** Something that listens, by the path of its directive. */
interface Listener {
  readonly path: readonly string[];
  readonly address: ListenAddress;
}

/** Listeners that are compared, each with all others. */
const maxListeners = 1000;

/** Warns about listeners that take each other's port. HTTP API and server may share one, as in SRS. */
export function checkListeners(config: Config, tree: ConfBlock, file: string, problems: ProblemList): void {
  const seen: Listener[] = [];
  for (const listener of listenersOf(config).slice(0, maxListeners)) {
    const { path, address } = listener;
    const other = seen.find((earlier) => collide(earlier, listener));
    seen.push(listener);
    if (!other) continue;
    const message = `${quoteWord(path.join("."))} ${address.text} uses the same port as ` +
      `${quoteWord(other.path.join("."))} ${other.address.text}`;
    problems.warn(placeOfAddress(tree, listener, file), message, "give one of them another port");
  }
}

function listenersOf({ listen, rtmps, httpApi, httpServer, exporter }: Config): Listener[] {
  const found: Listener[] = listen.map((address) => ({ path: ["listen"], address }));
  const add = (enabled: boolean, path: string[], { listen: address }: { readonly listen: ListenAddress }) => {
    if (enabled) found.push({ path: [...path, "listen"], address });
  };
  if (rtmps.enabled) found.push(...rtmps.listen.map((address) => ({ path: ["rtmps", "listen"], address })));
  add(httpApi.enabled, ["http_api"], httpApi);
  add(httpApi.enabled && httpApi.https.enabled, ["http_api", "https"], httpApi.https);
  add(httpServer.enabled, ["http_server"], httpServer);
  add(httpServer.enabled && httpServer.https.enabled, ["http_server", "https"], httpServer.https);
  add(exporter.enabled, ["exporter"], exporter);
  return found;
}

function collide(a: Listener, b: Listener): boolean {
  if (a.address.port !== b.address.port || !(covers(a.address, b.address) || covers(b.address, a.address))) {
    return false;
  }
  // One socket of a directive takes the clients of both, for example of 1935 and [::]:1935.
  if (a.path.join() === b.path.join() && a.address.host !== b.address.host) return false;
  const isHttp = ({ path }: Listener) => path[0] === "http_api" || path[0] === "http_server";
  // Both plain or both https, with one address: SRS serves both from one listener.
  const mayShare = isHttp(a) && isHttp(b) && a.path.length === b.path.length && a.path[0] !== b.path[0];
  return !(mayShare && a.address.text === b.address.text);
}

/** Whether listening on `a` takes what `b` listens on. */
function covers({ host: a }: ListenAddress, { host: b }: ListenAddress): boolean {
  return a === b || a === "::" || (a === "0.0.0.0" && !b.includes(":"));
}

function placeOfAddress(tree: ConfBlock, { path, address }: Listener, file: string): Place {
  const directive = findDirective(tree, path);
  if (!directive) return wholeFile(file);
  return placeOf(directive, directive.args.findLast((word) => word.text === address.text) ?? directive.name);
}

const loopbackHosts = ["127.0.0.1", "localhost", "::1", "0.0.0.0", "::"];

/**
 * Warns about coworkers that are all this server itself. That it stands among the others is well: so all origins can have
 * the same file.
 *
 * @param coworkers The directive, for places; `localIps` are the addresses of this machine, as far as they are known.
 */
export function checkCoworkers(
  { httpApi, advertise }: Config,
  vhost: VhostConfig,
  coworkers: ConfDirective | undefined,
  { localIps, problems }: { localIps: readonly string[]; problems: ProblemList },
): void {
  if (!httpApi.enabled || !coworkers) return;
  const { host, port } = httpApi.listen;
  const isAny = host === "0.0.0.0" || host === "::";
  const own = isAny ? [...loopbackHosts, ...localIps] : host === "127.0.0.1" || host === "::1" ? loopbackHosts : [host];
  const isOwn = ({ host, port: asked }: { host: string; port: number }) =>
    asked === port && (own.includes(host) || host === advertise?.host);
  const [first] = vhost.cluster.coworkers;
  if (first === undefined || !vhost.cluster.coworkers.every(isOwn)) return;
  const word: ConfWord | undefined = coworkers.args.find(({ text }) => text === first.text);
  const message = `the coworker ${quoteWord(first.text)} is this server's own API, and there is no other`;
  problems.warn(placeOf(coworkers, word), message, "list the APIs of the other origins");
}
