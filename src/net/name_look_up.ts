import type { Endpoint } from "../base/world.ts";

const LOOK_UP_TIMEOUT_MS = 2000;

/** Addresses of a name: IPv4, then IPv6; by default from the system's hosts file and name servers. */
export async function resolve(host: string, nameServer: Endpoint | null = null): Promise<readonly string[]> {
  const options = optionsOf(nameServer);
  const answers = await Promise.allSettled(
    (["A", "AAAA"] as const).map((type) => Deno.resolveDns(host, type, options)),
  );
  return answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
}

/** Services of a name, the lowest priority first. Source: RFC 2782; weights are left out, as all are used. */
export async function resolveService(name: string, nameServer: Endpoint | null = null): Promise<readonly Endpoint[]> {
  try {
    const records = await Deno.resolveDns(name, "SRV", optionsOf(nameServer));
    return records.toSorted((a, b) => a.priority - b.priority)
      // The target "." means that there is no such service.
      .map(({ target, port }) => ({ host: target.replace(/\.$/, ""), port })).filter(({ host }) => host !== "");
  } catch {
    return [];
  }
}

function optionsOf(nameServer: Endpoint | null): Deno.ResolveDnsOptions {
  const signal = AbortSignal.timeout(LOOK_UP_TIMEOUT_MS);
  return nameServer === null ? { signal } : { signal, nameServer: { ipAddr: nameServer.host, port: nameServer.port } };
}
