import { chooseSource, type ConfigSource, type Environment, loadConfig, type LoadResult } from "../../config/mod.ts";
import { readConfigText } from "../read_config_text.ts";
import { systemFacts } from "./system_facts.ts";
import { tlsFacts } from "./tls_facts.ts";

/** Variables of this program and its tests, which are no directives. */
const OWN_VARIABLES = /^SRS_TS_/;

/**
 * Reads one configuration, at the start and with each reload.
 *
 * Relative names are looked up where the program was started, also after it has changed to `work_dir`.
 */
export class ConfigReader {
  readonly source: ConfigSource;
  /** Somebody named the file; it is not only SRS's default. */
  readonly isNamed: boolean;
  readonly #directory: string;

  /** @param options What the command line says; variables of the environment may say otherwise. */
  constructor(options: { path?: string | undefined; envOnly?: boolean }) {
    const env = environment();
    this.source = chooseSource(env, options);
    this.isNamed = options.path !== undefined || Boolean(env["SRS_CONFIG_FILE"]);
    this.#directory = Deno.cwd();
  }

  /** The file as messages name it. */
  get name(): string {
    return this.source.envOnly ? "environment" : this.source.path;
  }

  /** Full path of the file; null without one. */
  get path(): string | null {
    return this.source.envOnly ? null : this.#resolve(this.source.path);
  }

  /** The options that make another process read the same. */
  get arguments(): string[] {
    return this.source.envOnly ? ["-e"] : ["-c", this.source.path];
  }

  load(): LoadResult {
    return loadConfig({
      ...(this.source.envOnly ? { path: "", envOnly: true } : { path: this.source.path }),
      env: environment(),
      readFile: (path) => readConfigText(this.#resolve(path)),
      listDirectory: (path) => Array.from(Deno.readDirSync(this.#resolve(path)), ({ name }) => name),
      system: { ...systemFacts(), tls: tlsFacts((path) => this.#resolve(path)) },
    });
  }

  #resolve(path: string): string {
    return /^([/\\]|[A-Za-z]:[/\\])/.test(path) ? path : `${this.#directory}/${path}`;
  }
}

/** Nothing where the program may not look: then there is nothing to override. */
function environment(): Environment {
  if (Deno.permissions.querySync({ name: "env" }).state !== "granted") return {};
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => !OWN_VARIABLES.test(name)));
}
