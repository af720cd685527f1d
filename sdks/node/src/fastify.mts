// The same module to those who import: there is one of everything, however a program is put together.
export * from './fastify.js';
