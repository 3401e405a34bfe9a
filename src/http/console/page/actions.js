import { ConfirmDialog } from "./confirm.js";
import { clientRole } from "./views.js";

/** What the page can do to servers and clients: each asks first, and tells how it went. */
export class Actions {
  #confirm = new ConfirmDialog();
  #tell;

  /** @param tell Told what happened, for people. */
  constructor(tell) {
    this.#tell = tell;
  }

  kick({ client, node }) {
    this.#confirm.ask({
      title: "Kick this client?",
      facts: [["Client", client.ip], ["Does", clientRole(client)], ["Stream", client.url], ["At", node.label]],
      note: "Its connection ends at once. It may come back.",
      verb: "Kick",
    }, () => this.#run(node, () => node.kick(client.id), `${client.ip} was kicked from ${client.url}`));
  }

  drain(node) {
    this.#confirm.ask({
      title: "Drain this server?",
      facts: [["Server", node.label], ["Role", node.role]],
      note:
        "It takes no new clients, sends those that can to other servers, waits for the rest for a while, and stops.",
      verb: "Drain",
    }, () => this.#run(node, () => node.drain(), `${node.label} is being drained`));
  }

  async #run(node, act, done) {
    try {
      await act();
      this.#tell(done);
    } catch (error) {
      this.#tell(`Not done: ${node.label} ${error.message}`);
    }
  }
}
