'use strict';

// pool.proxy(): calls of methods as tasks, {method, args}, which serve() takes apart.

/** Who awaits the object itself must not call a method `then`; nor does anybody mean a symbol. */
const isMethod = (name) => typeof name === 'string' && name !== 'then';

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
