import type { Call } from "../call.ts";
import type { Mount } from "../router.ts";

/**
 * API and files on one port: the API's paths stay the API's. At the root a file is looked for first, so that a site has
 * its own first page. Source: SRS 7, `http_api` and `http_server` with the same `listen`.
 */
export function sharedMount(api: Mount, files: Mount): Mount {
  return async (call: Call) => {
    if (call.path !== "/") return await api(call) ?? await files(call);
    const page = await files(call);
    return page instanceof Response && page.status === 404 ? await api(call) : page;
  };
}
