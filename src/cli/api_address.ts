import { encodeUtf8 } from "../base/bytes.ts";
import type { CommandArgs, OptionRow } from "./command.ts";
import { UsageError } from "./parse_args.ts";

/** Port of the HTTP API where none is given. */
const DEFAULT_PORT = 1985;
/** Variable of the environment that holds a password, which others could see on the command line. */
export const PASSWORD_VARIABLE = "SRS_TS_PASSWORD";

/** An HTTP API, as a user named it. */
export interface ApiAddress {
  /** `http://host:port`. */
  readonly base: string;
  /** The same for people. */
  readonly shown: string;
}

/** Reads `[http[s]://]host[:port]`. @throws {UsageError} If it is none. */
export function readApiAddress(text: string): ApiAddress {
  const [, scheme = "http://", server = ""] =
    /^(https?:\/\/)?((?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?)\/?$/i.exec(text) ?? [];
  const port = /:(\d+)$/.exec(server.replace(/^\[.*\]/, ""))?.[1];
  const base = `${scheme}${port !== undefined || scheme === "https://" ? server : `${server}:${DEFAULT_PORT}`}`;
  if (server === "" || Number(port ?? DEFAULT_PORT) === 0 || !URL.canParse(base)) {
    throw new UsageError(`--api must be HOST:PORT, not "${text}"`);
  }
  return { base, shown: base.replace(/^http:\/\//, "") };
}

/** For APIs with a password. */
export const userOption: OptionRow = {
  name: "user",
  value: "NAME:PASSWORD",
  help:
    `For an API with a password. With NAME alone, the password is taken from the environment (${PASSWORD_VARIABLE}).`,
};

/** `name:password` of {@link userOption}; null without it. */
export function readUser(args: CommandArgs, env: (name: string) => string): string | null {
  const user = args.value("user");
  if (user === undefined) return null;
  return user.includes(":") ? user : `${user}:${env(PASSWORD_VARIABLE)}`;
}

/** Request headers that carry `name:password`; none for null. */
export function authorization(credentials: string | null): Record<string, string> {
  return credentials === null
    ? {}
    : { authorization: `Basic ${btoa(String.fromCharCode(...encodeUtf8(credentials)))}` };
}
