import { nearestName } from "../base/nearest_name.ts";
import type { ProblemList } from "./problem.ts";
import { quoteWord, wholeFile } from "./problem.ts";
import { listRows, type RowInfo } from "./schema/row_index.ts";
import type { ConfWord } from "./srs/lexer.ts";
import type { ConfBlock, ConfDirective } from "./srs/parser.ts";

/** Environment variables by name; an empty value is as if the variable were not set, as in SRS. */
export type Environment = Readonly<Record<string, string>>;

/** Where a configuration comes from: a file, or environment variables alone. */
export type ConfigSource = { readonly envOnly: false; readonly path: string } | { readonly envOnly: true };

/** SRS's file where none is named. */
const defaultPath = "conf/srs.conf";

/**
 * Variables that are no directives: where the configuration comes from, the address in reports, and what SRS tells those
 * whom it asks for its latest version.
 */
const otherVariables = ["SRS_CONFIG_FILE", "SRS_ENV_ONLY", "SRS_DEVICE_IP", "SRS_PLATFORM", "SRS_REGION", "SRS_SOURCE"];

/** Variables that SRS spells in another way than their directives. */
const misspelled: Readonly<Record<string, string>> = {
  SRS_SRT_SERVER_MMS: "SRS_SRT_SERVER_MSS",
  SRS_VHOST_SRT_TO_RTMP: "SRS_VHOST_SRT_SRT_TO_RTMP",
};

/** Variables that Docker and Kubernetes make for a service whose name begins with `srs`. */
const serviceVariable = /^SRS(_\w+)?_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/**
 * Decides where the configuration comes from.
 *
 * `SRS_ENV_ONLY=on` is as `-e`, and `SRS_CONFIG_FILE` goes before `-c`. Source: SRS 7 `SrsConfig::parse_argv`,
 * `parse_options`.
 *
 * @param options What the command line says.
 */
export function chooseSource(
  env: Environment,
  options: { path?: string | undefined; envOnly?: boolean },
): ConfigSource {
  if (options.envOnly || env["SRS_ENV_ONLY"] === "on") return { envOnly: true };
  return { envOnly: false, path: env["SRS_CONFIG_FILE"] || (options.path ?? defaultPath) };
}

/** What SRS goes by without a file: the foreground, the console, and one vhost for all names. */
export function envOnlyTree(): ConfBlock {
  const file = "environment";
  const leaf = (name: string, value: string) => directive(word(name), [word(value)], null, file);
  const vhost = directive(word("vhost"), [word("__defaultVhost__")], { directives: [], tailComments: [] }, file);
  return { directives: [leaf("daemon", "off"), leaf("srs_log_tank", "console"), vhost], tailComments: [] };
}

/**
 * Puts the values of environment variables over those of a file.
 *
 * Variables of a vhost apply to every vhost; a directive that stands several times is replaced as a whole. Warns about
 * `SRS_` variables that mean nothing. Source: SRS 7 `SRS_OVERWRITE_BY_ENV_*`; SRS has variables for fewer directives.
 */
export function applyEnv(tree: ConfBlock, env: Environment, problems: ProblemList): ConfBlock {
  const overlay: Overlay = { leaves: new Map(), blocks: new Map() };
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith("SRS_") || value === "" || otherVariables.includes(name)) continue;
    const targets = variables().get(misspelled[name] ?? name) ?? foreignTargets(name);
    if (targets.length === 0) reportUnknown(name, problems);
    for (const target of targets) {
      if (isFirstSet(target, name, env)) addTo(overlay, target.path, directivesOf(target, name, value));
    }
  }
  return cover(tree, overlay);
}

/** What a variable sets. */
interface Target {
  readonly path: readonly string[];
  readonly info: RowInfo;
}

let targetsByName: Map<string, Target[]> | undefined;

/** Every variable that has a row; `SRS_VHOST_CHUNK_SIZE` has two. */
function variables(): ReadonlyMap<string, readonly Target[]> {
  if (targetsByName) return targetsByName;
  targetsByName = new Map();
  for (const info of listRows()) {
    for (const name of info.env) {
      targetsByName.set(name, [...targetsByName.get(name) ?? [], { path: info.path, info }]);
    }
  }
  return targetsByName;
}

/** A name in a block in which SRS checks no names: `SRS_THREADS_INTERVAL`. */
function foreignTargets(name: string): readonly Target[] {
  for (const info of listRows()) {
    const prefix = `SRS_${info.path.join("_").toUpperCase()}_`;
    if (info.row.node !== "foreign" || info.row.children !== "anything" || !name.startsWith(prefix)) continue;
    return [{ path: [...info.path, name.slice(prefix.length).toLowerCase()], info }];
  }
  return [];
}

/** Of several variables of one row, the first that is set counts. */
function isFirstSet({ info }: Target, name: string, env: Environment): boolean {
  const first = info.env.find((variable) => env[variable]);
  return first === undefined || first === name;
}

function reportUnknown(name: string, problems: ProblemList): void {
  if (serviceVariable.test(name)) return;
  const near = nearestName(name, [...variables().keys(), ...otherVariables]);
  const message = `unknown environment variable ${quoteWord(name)}`;
  problems.warn(wholeFile("environment"), message, near ? `did you mean "${near}"?` : null);
}

/** The directives that a value stands for: lists are separated by blanks, directives that repeat by `;`. */
function directivesOf({ path, info: { row } }: Target, variable: string, value: string): ConfDirective[] {
  const name = word(path.at(-1) ?? "");
  const file = `environment variable ${variable}`;
  const split = (text: string) => text.split(/\s+/).filter((part) => part !== "").map(word);
  if (row.node === "repeated") return value.split(";").map((part) => directive(name, split(part), null, file));
  const takesMany = row.node === "directive" && row.type.takesMany;
  return [directive(name, takesMany ? split(value) : [word(value)], null, file)];
}

/** A word that stands in no file. */
function word(text: string): ConfWord {
  return { text, line: 0, column: 0, quoted: false };
}

function directive(name: ConfWord, args: readonly ConfWord[], block: ConfBlock | null, file: string): ConfDirective {
  return { name, args, block, file, endLine: 0, comments: [] };
}

/** Directives that replace those of their names in a block, and what replaces some in the blocks inside. */
interface Overlay {
  readonly leaves: Map<string, readonly ConfDirective[]>;
  readonly blocks: Map<string, Overlay>;
}

function addTo(overlay: Overlay, path: readonly string[], directives: readonly ConfDirective[]): void {
  const [name = "", ...rest] = path;
  if (rest.length === 0) {
    overlay.leaves.set(name, directives);
    return;
  }
  let inner = overlay.blocks.get(name);
  if (!inner) overlay.blocks.set(name, inner = { leaves: new Map(), blocks: new Map() });
  addTo(inner, rest, directives);
}

/** The block with the overlay over it. The first block of a name counts; of vhosts, every one. */
function cover(block: ConfBlock, { leaves, blocks }: Overlay): ConfBlock {
  const covered = new Set<string>();
  const directives = block.directives.filter(({ name }) => !leaves.has(name.text)).map((found) => {
    const { text } = found.name;
    const inner = blocks.get(text);
    if (!inner || !found.block || (covered.has(text) && text !== "vhost")) return found;
    covered.add(text);
    return { ...found, block: cover(found.block, inner) };
  });
  for (const replacing of leaves.values()) directives.push(...replacing);
  for (const [name, inner] of blocks) {
    if (covered.has(name) || name === "vhost") continue;
    const inside = cover({ directives: [], tailComments: [] }, inner);
    directives.push(directive(word(name), [], inside, inside.directives[0]?.file ?? "environment"));
  }
  return { directives, tailComments: block.tailComments };
}
