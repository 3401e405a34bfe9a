import { OwnerSearch } from "../../../../src/server/play/owner_search.ts";
import { assertEquals } from "../../../kit/assert.ts";
import { DirectoryAnswers, ownerAt, streamIn } from "../../../kit/peers/cluster_answers.ts";
import { ManualTimers, turn } from "../../../kit/memory/manual_timers.ts";

/** A search that waits for at most a second. */
function rig(cluster = new DirectoryAnswers()) {
  const timers = new ManualTimers();
  const { url, vhost } = streamIn("cluster { origin_cluster on; coworkers 10.0.0.2:1985; owner_timeout 1000; }");
  const heard: string[] = [];
  const search = new OwnerSearch({ timers, directory: cluster }, { vhost, url, from: "10.0.0.1" }, {
    onRedirect: (address) => void heard.push(`redirect ${address}`),
    onDrainingOwner: () => void heard.push("draining"),
    onNotFound: (reason) => void heard.push(`not found: ${reason}`),
  });
  return { timers, cluster, search, heard };
}

Deno.test("OwnerSearch sends the player to an owner that answers at once", async () => {
  const cluster = new DirectoryAnswers();
  cluster.owner = ownerAt("10.0.0.2");
  const { heard, timers } = rig(cluster);
  await turn();
  assertEquals(heard, ["redirect rtmp://10.0.0.2:1935/live/s"]);
  assertEquals([cluster.watcherCount, timers.pendingCount], [0, 0]);
});

Deno.test("OwnerSearch goes to an owner at the moment that one turns up", async () => {
  const { heard, timers, cluster } = rig();
  await timers.run(390);
  assertEquals([cluster.watcherCount, heard], [1, []]);
  cluster.owner = ownerAt("10.0.0.2");
  assertEquals([cluster.watcherCount, heard], [0, ["redirect rtmp://10.0.0.2:1935/live/s"]]);
});

Deno.test("OwnerSearch gives up after owner_timeout, and says who refused an answer", async () => {
  const { heard, timers } = rig();
  await timers.run(1000);
  assertEquals([heard, timers.pendingCount], [["not found: no server publishes /live/s (waited 1000 ms)"], 0]);
  const cluster = new DirectoryAnswers();
  cluster.refused = "10.0.0.2:1985 wants a token";
  const refused = rig(cluster);
  await refused.timers.run(1000);
  assertEquals(refused.heard, ["not found: /live/s is not published here, and 10.0.0.2:1985 wants a token"]);
});

Deno.test("OwnerSearch does not send a player to an owner that is about to stop", async () => {
  const cluster = new DirectoryAnswers();
  cluster.owner = ownerAt("10.0.0.2", { isDraining: true });
  const { heard } = rig(cluster);
  await turn();
  assertEquals(heard, ["draining"]);
});

Deno.test("OwnerSearch tells nothing once it is stopped, not even of an answer under way", async () => {
  const cluster = new DirectoryAnswers();
  cluster.owner = ownerAt("10.0.0.2");
  const { heard, search, timers } = rig(cluster);
  search.stop();
  assertEquals(cluster.watcherCount, 0);
  await timers.run(2000);
  assertEquals([heard, timers.pendingCount], [[], 0]);
});
