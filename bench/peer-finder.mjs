/** Owns which peers are on this machine, in which version, and why the others are not. Each is looked for once. */

export class PeerFinder {
  /** @type {Record<string, string>} */
  versions = {};
  /** @type {string[]} */
  missing = [];
  /** @type {Map<string, boolean>} */
  #known = new Map();
  #wanted;

  /** @param {readonly string[]} wanted products in lower case; empty for all */
  constructor(wanted = []) {
    this.#wanted = wanted;
  }

  /** @param {import('./peers/peer.mjs').Peer} peer */
  async isThere(peer) {
    const known = this.#known.get(peer.name);
    if (known !== undefined) return known;
    const found = await this.#find(peer);
    const there = 'version' in found;
    this.#known.set(peer.name, there);
    // Torus runs under several names, one for each set of features; it has one version.
    if (there) this.versions[peer.product] = found.version;
    else this.missing.push(`${peer.name}: ${found.missing}`);
    return there;
  }

  /** @param {import('./peers/peer.mjs').Peer} peer @returns {Promise<import('./peers/peer.mjs').Found>} */
  async #find(peer) {
    const wanted = this.#wanted.length === 0 || this.#wanted.includes(peer.product.toLowerCase());
    return wanted ? await peer.find() : { missing: 'not asked for (--peers)' };
  }
}
