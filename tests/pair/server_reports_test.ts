import { carry, RawClient, RawServer, TestClient, TestServer } from "../kit/peers/peers.ts";
import { assertEquals } from "../kit/assert.ts";

Deno.test("what RtmpClientSession announces, RtmpServerSession hears, and nobody answers", () => {
  const server = new TestServer();
  const client = new TestClient("play");
  carry(client.session, server.session);
  const heard = client.events.length;
  const said = '{"instance":"abc"}';
  client.session.announce(said);
  client.session.announce("");
  carry(client.session, server.session);
  assertEquals(server.events, [{ kind: "serverReport", text: said }, { kind: "serverReport", text: "" }]);
  assertEquals(client.events.length, heard);
});

Deno.test("a report of another form is an empty one, one before connect ends the connection", () => {
  const server = new TestServer();
  const client = RawClient.connected(server);
  carry(client.call("srsTsNode", 9).call("srsTsNode", 9, 5, "x").call("srsTsNode", 9, null, "x"), server.session);
  assertEquals(server.events.map((event) => event.kind === "serverReport" ? event.text : event.kind), ["", "", ""]);
  assertEquals(client.heard(), []);
});

Deno.test("a report has nothing that a server of another kind takes for the answer to its redirect", () => {
  // That looks for a string among the arguments, after the command object.
  const server = new RawServer();
  const client = new TestClient("play");
  carry(client.session, server);
  client.session.announce("words");
  carry(client.session, server);
  const [report] = server.messages.slice(-1).map(({ payload }) => new TextDecoder().decode(payload));
  assertEquals(report?.endsWith("words"), true);
  assertEquals(server.heard().at(-1), "srsTsNode 0 words");
});
