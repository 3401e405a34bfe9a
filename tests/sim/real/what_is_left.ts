interface Lists {
  readonly clients: readonly { readonly server?: boolean }[];
  readonly streams: readonly { readonly name: string }[];
}

const ASK_MS = 2000;

/**
 * Clients and streams that a server knows by its API, in words; empty for none.
 *
 * @param whose Those of people, which are no servers, or all.
 */
export async function whatIsLeft(ip: string, port: number, whose: "all" | "people"): Promise<string> {
  const read = async (path: string): Promise<Lists> => {
    const answer = await fetch(`http://${ip}:${port}/api/v1/${path}/?count=1000`, {
      signal: AbortSignal.timeout(ASK_MS),
    });
    return await answer.json();
  };
  try {
    const [{ clients: all }, { streams }] = await Promise.all([read("clients"), read("streams")]);
    const clients = whose === "all" ? all : all.filter(({ server = false }) => !server);
    const parts = [
      ...(clients.length === 0 ? [] : [`${clients.length} clients`]),
      ...(streams.length === 0 || whose === "people" ? [] : [`streams ${streams.map(({ name }) => name).join(", ")}`]),
    ];
    return parts.join(" and ");
  } catch (error) {
    return `no answer (${error})`;
  }
}
