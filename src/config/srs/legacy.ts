import { type ProblemList, quoteWord } from "../problem.ts";
import type { ConfWord } from "./lexer.ts";
import { type ConfBlock, type ConfDirective, placeOf } from "./parser.ts";

/** Block that has a directive today which SRS 1 and 2 had directly in a vhost, and its name there. */
const movedFromVhost: ReadonlyMap<string, readonly [block: string, name: string]> = new Map([
  ["time_jitter", ["play", "time_jitter"]],
  ["mix_correct", ["play", "mix_correct"]],
  ["atc", ["play", "atc"]],
  ["atc_auto", ["play", "atc_auto"]],
  ["mw_latency", ["play", "mw_latency"]],
  ["gop_cache", ["play", "gop_cache"]],
  ["gop_cache_max_frames", ["play", "gop_cache_max_frames"]],
  ["queue_length", ["play", "queue_length"]],
  ["send_min_interval", ["play", "send_min_interval"]],
  ["reduce_sequence_header", ["play", "reduce_sequence_header"]],
  ["publish_1stpkt_timeout", ["publish", "firstpkt_timeout"]],
  ["publish_normal_timeout", ["publish", "normal_timeout"]],
  ["mode", ["cluster", "mode"]],
  ["origin", ["cluster", "origin"]],
  ["token_traverse", ["cluster", "token_traverse"]],
  ["vhost", ["cluster", "vhost"]],
  ["debug_srs_upnode", ["cluster", "debug_srs_upnode"]],
]);

/** Parts of the old block `mr { enabled; latency; }` and their names in `publish`. */
const mrNames: ReadonlyMap<string, string> = new Map([["enabled", "mr"], ["latency", "mr_latency"]]);

/** Old spellings of the parts of `refer`. */
const referNames: ReadonlyMap<string, string> = new Map([
  ["refer", "all"],
  ["refer_play", "play"],
  ["refer_publish", "publish"],
]);

/** Old names that are another name today, as `block.name`. */
const renamed: ReadonlyMap<string, string> = new Map([
  ["http_stream", "http_server"],
  ["vhost.http", "http_static"],
  ["srt_server.tlpkdrop", "tlpktdrop"],
]);

/** Old names that mean nothing any more, as `block.name`. */
const dropped: ReadonlySet<string> = new Set([
  "vhost.nack",
  "vhost.twcc",
  "vhost.http_remux.hstrs",
  "rtc_server.perf_stat",
  "rtc_server.queue_length",
  "stream_caster.host",
  "stream_caster.tcp_enable",
  "stream_caster.rtp_port_min",
  "stream_caster.rtp_port_max",
  "stream_caster.wait_keyframe",
  "stream_caster.rtp_idle_timeout",
  "stream_caster.audio_enable",
  "stream_caster.auto_create_channel",
  "stream_caster.sip.serial",
  "stream_caster.sip.realm",
  "stream_caster.sip.ack_timeout",
  "stream_caster.sip.keepalive_timeout",
  "stream_caster.sip.invite_port_fixed",
  "stream_caster.sip.query_catalog_interval",
  "stream_caster.sip.auto_play",
]);

/** Names in a block that call for a rewrite: old ones, and blocks in which there are old ones. */
const suspects: ReadonlyMap<string, ReadonlySet<string>> = suspectsByBlock();

function suspectsByBlock(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  const old = [...movedFromVhost.keys(), ...referNames.keys(), "mr", "forward"].map((name) => `vhost.${name}`);
  for (const path of [...old, ...renamed.keys(), ...dropped]) {
    const names = path.split(".");
    names.forEach((name, at) => {
      const block = names.slice(0, at).join(".");
      const list = found.get(block) ?? new Set();
      found.set(block, list.add(name));
    });
  }
  return found;
}

/** Every old spelling with the path of today's, null when it means nothing any more. */
export function legacySpellings(): ReadonlyMap<string, string | null> {
  const inBlock = (path: string, name: string) => path.includes(".") ? path.replace(/[^.]*$/, name) : name;
  return new Map<string, string | null>([
    ...[...movedFromVhost].map(([old, [block, name]]) => [`vhost.${old}`, `vhost.${block}.${name}`] as const),
    ...[...referNames].map(([old, name]) => [`vhost.${old}`, `vhost.refer.${name}`] as const),
    ...[...mrNames].map(([old, name]) => [`vhost.mr.${old}`, `vhost.publish.${name}`] as const),
    ...[...renamed].map(([path, name]) => [path, inBlock(path, name)] as const),
    ...[...dropped].map((path) => [path, null] as const),
  ]);
}

/**
 * Rewrites the spellings of SRS 1 to 4 into today's, with a warning for each.
 *
 * A value in an old spelling takes the place of one in the new spelling, as in SRS. Positions stay those of the text.
 * Source: SRS 7 `srs_config_transform_vhost`.
 */
export function rewriteLegacy(root: ConfBlock, problems: ProblemList): ConfBlock {
  return rewriteBlock(unfoldRtmp(root), "", problems);
}

/** What newer versions of SRS 7 write as `rtmp { listen; chunk_size; }` stands at the top level here, as it did before. */
function unfoldRtmp(root: ConfBlock): ConfBlock {
  const isRtmp = ({ name, block }: ConfDirective) => name.text === "rtmp" && block !== null;
  if (!root.directives.some(isRtmp)) return root;
  const directives = root.directives.flatMap((found) => isRtmp(found) ? found.block!.directives : found);
  return { ...root, directives };
}

function rewriteBlock(block: ConfBlock, path: string, problems: ProblemList): ConfBlock {
  const names = suspects.get(path);
  // Nearly every block is in today's spelling: it stays the same object.
  if (!names || !block.directives.some(({ name }) => names.has(name.text))) return block;
  const kept: ConfDirective[] = [];
  const moves = new Map<string, Move[]>();
  for (const directive of block.directives) {
    const oldPath = joinPath(path, directive.name.text);
    if (dropped.has(oldPath)) {
      problems.warn(
        placeOf(directive),
        `${quoteWord(directive.name.text)} has had no effect since SRS 5 or earlier`,
        "remove it",
      );
      continue;
    }
    const name = renamed.get(oldPath);
    const current = name === undefined ? directive : rename(directive, name, problems);
    const moved = path === "vhost" ? movesOf(current, problems) : null;
    if (!moved) kept.push(rewriteInside(current, path, problems));
    for (const move of moved ?? []) {
      const list = moves.get(move.block);
      if (list) list.push(move);
      else moves.set(move.block, [move]);
    }
  }
  for (const [name, list] of moves) {
    const at = kept.findIndex((directive) => directive.name.text === name);
    const target = kept[at];
    if (target) kept[at] = mergeInto(target, list, problems);
    else kept.push(mergeInto(emptyBlock(name, list), list, problems));
  }
  return { directives: kept, tailComments: block.tailComments };
}

function joinPath(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function rewriteInside(directive: ConfDirective, path: string, problems: ProblemList): ConfDirective {
  const { name, block } = directive;
  if (path === "vhost" && name.text === "forward" && !block && directive.args.length > 0) {
    return forwardBlock(directive, problems);
  }
  const rewritten = block && rewriteBlock(block, joinPath(path, name.text), problems);
  return rewritten === block ? directive : { ...directive, block: rewritten };
}

function rename(directive: ConfDirective, name: string, problems: ProblemList): ConfDirective {
  warnOld(directive, name, problems);
  return { ...directive, name: respell(directive.name, name) };
}

function warnOld(directive: ConfDirective, today: string, problems: ProblemList): void {
  problems.warn(placeOf(directive), `${quoteWord(directive.name.text)} is an old spelling`, `write ${today}`);
}

/** The word under another name, at its place in the text. */
function respell(word: ConfWord, text: string): ConfWord {
  return { ...word, text };
}

/** A directive on its way into a block; `weak` ones give way to what is there. */
interface Move {
  readonly block: string;
  readonly directive: ConfDirective;
  readonly weak: boolean;
}

/** Where an old directive of a vhost belongs today, or null when it may stay. */
function movesOf(directive: ConfDirective, problems: ProblemList): Move[] | null {
  const { text } = directive.name;
  const referName = referNames.get(text);
  if (referName && !(text === "refer" && directive.block)) return referMoves(directive, referName, problems);
  if (text === "mr") return mrMoves(directive, problems);
  const target = movedFromVhost.get(text);
  if (!target) return null;
  const [block, name] = target;
  warnOld(directive, `${block} { ${name} ...; }`, problems);
  return [{ block, directive: leaf(directive, name, directive.args), weak: false }];
}

function referMoves(directive: ConfDirective, name: string, problems: ProblemList): Move[] {
  warnOld(directive, `refer { enabled on; ${name} ...; }`, problems);
  const on = leaf(directive, "enabled", [respell(directive.name, "on")]);
  return [
    { block: "refer", directive: on, weak: true },
    { block: "refer", directive: leaf(directive, name, directive.args), weak: false },
  ];
}

function mrMoves(directive: ConfDirective, problems: ProblemList): Move[] {
  warnOld(directive, "publish { mr ...; mr_latency ...; }", problems);
  const moves: Move[] = [];
  for (const child of directive.block?.directives ?? []) {
    const name = mrNames.get(child.name.text);
    if (name) moves.push({ block: "publish", directive: leaf(child, name, child.args), weak: false });
  }
  return moves;
}

function forwardBlock(directive: ConfDirective, problems: ProblemList): ConfDirective {
  warnOld(directive, "forward { enabled on; destination ...; }", problems);
  const on = leaf(directive, "enabled", [respell(directive.name, "on")]);
  const directives = [on, leaf(directive, "destination", directive.args)];
  return { ...directive, args: [], block: { directives, tailComments: [] } };
}

function leaf(from: ConfDirective, name: string, args: readonly ConfWord[]): ConfDirective {
  return { ...from, name: respell(from.name, name), args, block: null };
}

function emptyBlock(name: string, moves: readonly Move[]): ConfDirective {
  const [first] = moves;
  if (!first) throw new TypeError("Cannot place a block that no directive moves to");
  const block = { directives: [], tailComments: [] };
  return { ...first.directive, name: respell(first.directive.name, name), args: [], block, comments: [] };
}

function mergeInto(target: ConfDirective, moves: readonly Move[], problems: ProblemList): ConfDirective {
  const directives = [...target.block?.directives ?? []];
  const at = new Map<string, number>();
  for (const [index, { name }] of directives.entries()) if (!at.has(name.text)) at.set(name.text, index);
  for (const { directive, weak } of moves) {
    const index = at.get(directive.name.text);
    if (index === undefined) {
      at.set(directive.name.text, directives.push(directive) - 1);
    } else if (!weak) {
      const line = directives[index]?.name.line;
      problems.warn(placeOf(directive), `this old spelling overrides the value on line ${line}`);
      directives[index] = directive;
    }
  }
  return { ...target, block: { directives, tailComments: target.block?.tailComments ?? [] } };
}
