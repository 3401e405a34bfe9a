import { isIpv4, isIpv6 } from "../address.ts";
import { quoteWord } from "../problem.ts";
import type { ValueType } from "./type.ts";

/** IP addresses and networks (`IP/BITS`), as written. */
export function networks(): ValueType<readonly string[]> {
  return {
    kind: "list",
    takesMany: true,
    read: (all, _fallback, report) =>
      all.filter((word) => {
        if (isNetwork(word.text)) return true;
        report.error(word, `${quoteWord(word.text)} is not an IP address or a network (IP/BITS)`);
        return false;
      }).map((word) => word.text),
  };
}

/** Whether `text` is an IP address, or one with `/BITS`. */
export function isNetwork(text: string): boolean {
  const [ip = "", bits, ...rest] = text.split("/");
  const most = isIpv4(ip) ? 32 : isIpv6(ip) ? 128 : -1;
  return rest.length === 0 && most > 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most));
}
