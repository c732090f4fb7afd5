/** Owns the failure of a command that talks to a running instance. Its message is for the person who typed the command. */
export class AdminFailure extends Error {}
