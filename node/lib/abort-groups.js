'use strict';

const { addAbortListener } = require('events');

/**
 * Who waits for which signal: one listener for all that share a signal, however many they are. A member has a property
 * `group` for this class to use.
 */
class AbortGroups {
  #groups = new Map(); // signal -> { signal, members, listener }
  #onAbort;

  /** @param onAbort  called with each member and its signal; the member has left then. */
  constructor(onAbort) {
    this.#onAbort = onAbort;
  }

  join(signal, member) {
    const group = this.#groups.get(signal) ?? this.#open(signal);
    group.members.add(member);
    member.group = group;
  }

  leave(member) {
    const { group } = member;
    if (group === undefined) return;
    member.group = undefined;
    group.members.delete(member);
    if (group.members.size > 0) return;
    this.#groups.delete(group.signal);
    group.listener[Symbol.dispose]();
  }

  #open(signal) {
    const group = { signal, members: new Set(), listener: undefined };
    group.listener = addAbortListener(signal, () => this.#abort(group));
    this.#groups.set(signal, group);
    return group;
  }

  #abort(group) {
    for (const member of [...group.members]) {
      this.leave(member);
      this.#onAbort(member, group.signal);
    }
  }
}

module.exports = { AbortGroups };
