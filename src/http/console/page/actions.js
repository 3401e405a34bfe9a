import { ConfirmDialog } from "./confirm.js";
import { clientRole } from "./columns/client_columns.js";

/** What the page can do to servers and clients: each asks first, and tells how it went. */
export class Actions {
  #confirm = new ConfirmDialog();
  #server;
  #tell;
  #onDone;

  /**
   * @param server The page's own, which does it or passes it on.
   * @param tell Told what happened, for people.
   */
  constructor(server, { tell, onDone }) {
    this.#server = server;
    this.#tell = tell;
    this.#onDone = onDone;
  }

  kick({ client, member }) {
    this.#confirm.ask(
      {
        title: "Kick this client?",
        facts: [["Client", client.ip], ["Does", clientRole(client)], ["Stream", client.url], ["At", member.label]],
        note: "Its connection ends at once. It may come back.",
        verb: "Kick",
      },
      () =>
        this.#run(() => this.#server.kick(member.coworker, client.id), `${client.ip} was kicked from ${client.url}`),
    );
  }

  drain(member) {
    this.#confirm.ask({
      title: "Drain this server?",
      facts: [["Server", member.label], ["Role", member.role]],
      note:
        "It takes no new clients, sends those that can to other servers, waits for the rest for a while, and stops.",
      verb: "Drain",
    }, () => this.#run(() => this.#server.drain(member.coworker), `${member.label} is being drained`));
  }

  async #run(act, done) {
    try {
      await act();
      this.#tell(done);
    } catch (error) {
      this.#tell(`Not done: ${error.message}`);
    }
    this.#onDone();
  }
}
