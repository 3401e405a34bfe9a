import { byId, setText } from "./dom.js";
import { clientRole } from "./views.js";

/** Asks before a client's connection is ended. */
export class KickDialog {
  #dialog = byId("kick");
  #row = null;
  #onDone;

  /** @param onDone Told what happened, for people. */
  constructor(onDone) {
    this.#onDone = onDone;
    byId("kick-no").addEventListener("click", () => this.#dialog.close());
    byId("kick-yes").addEventListener("click", () => this.#kick());
  }

  ask(row) {
    const { client, node } = row;
    this.#row = row;
    setText(byId("kick-client"), client.ip);
    setText(byId("kick-stream"), client.url);
    setText(byId("kick-role"), clientRole(client));
    setText(byId("kick-server"), node.label);
    this.#dialog.showModal();
    // The harmless choice is the one that Enter makes.
    byId("kick-no").focus();
  }

  async #kick() {
    const { client, node } = this.#row;
    this.#dialog.close();
    try {
      await node.kick(client.id);
      this.#onDone(`${client.ip} was kicked from ${client.url}`);
    } catch (error) {
      this.#onDone(`${client.ip} was not kicked: ${node.label} ${error.message}`);
    }
  }
}
