import type { Logger } from "../../base/log.ts";
import type { World } from "../../base/world.ts";
import { newEntityId } from "../../server/identity.ts";
import { describeFileError } from "../../base/file_error.ts";
import { makeParentDirectory } from "./parent_directory.ts";

/**
 * The `server_id` of before, or a new one that is kept for the next start, in the file `srs.id` beside `srs.pid`.
 *
 * Where it cannot be kept the server starts all the same. Source: SRS 7 `SrsConfig::get_server_id`.
 */
export async function keepServerId(
  world: Pick<World, "files" | "randomBytes">,
  pidPath: string,
  log: Logger,
): Promise<string> {
  const path = `${pidPath.replace(/\.pid$/, "")}.id`;
  try {
    const kept = (await world.files.readTextFile(path)).trim();
    if (/^[\w.-]{1,64}$/.test(kept)) return kept;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) log.warn(`cannot read ${path}: ${describeFileError(error)}`);
  }
  const id = newEntityId(world);
  try {
    await makeParentDirectory(world.files, path);
    await world.files.writeTextFile(path, id);
  } catch (error) {
    log.warn(`cannot write ${path}, so the next start will have another server_id: ${describeFileError(error)}`);
  }
  return id;
}
