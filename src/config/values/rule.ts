import { quoteWord } from "../problem.ts";
import type { ConfWord } from "../srs/lexer.ts";
import { isNetwork } from "./network.ts";
import type { ValueReport, ValueType } from "./type.ts";

/**
 * One rule of `security`, as written: `allow play 10.0.0.0/8`.
 *
 * A rule that can match nobody is kept: in SRS its mere presence shuts out everybody who no other rule allows.
 */
export interface AccessRule {
  /** `publish` or `play`; any other word matches nothing. */
  readonly action: string;
  /** `all`, an IP address, or one with `/BITS`; empty matches nothing. IPv6 is beyond SRS. */
  readonly address: string;
}

/** A rule after `allow` or `deny`. */
export function accessRule(): ValueType<AccessRule> {
  return {
    kind: "rule",
    takesMany: true,
    read([action, address], _fallback, report) {
      if (action.text !== "publish" && action.text !== "play") {
        report.warn(action, `${quoteWord(action.text)} is neither "publish" nor "play"; the rule matches nobody`);
      }
      checkAddress(action, address, report);
      return { action: action.text, address: address?.text ?? "" };
    },
  };
}

function checkAddress(action: ConfWord, address: ConfWord | undefined, report: ValueReport): void {
  if (!address) report.warn(action, `the rule has no address and matches nobody`, `add one, or "all" for everybody`);
  else if (address.text !== "all" && !isNetwork(address.text)) {
    report.warn(
      address,
      `${quoteWord(address.text)} is not "all", an IP address or IP/BITS; the rule matches nobody`,
    );
  }
}
