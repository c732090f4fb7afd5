export class TorusError extends Error {}
