'use strict';

// pool.proxy(): calls of methods as tasks, {method, args}, which serve() takes apart.

/** What the language itself calls is no method of a worker: who awaits the object, prints it, or makes it JSON means no task. */
const isMethod = (name) => typeof name === 'string' && name !== 'then' && name !== 'toJSON' && !(name in Object.prototype);

function remoteMethods(pool, options) {
  const methods = new Map();
  const make = (method) => (...args) => pool.execute({ method, args }, options);
  return new Proxy(Object.create(null), {
    get(target, name) {
      if (!isMethod(name)) return undefined;
      if (!methods.has(name)) methods.set(name, make(name));
      return methods.get(name);
    },
  });
}

module.exports = { remoteMethods };
