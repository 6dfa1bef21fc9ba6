// What can go wrong, each with a code for programs.

/** An error of a call. Its code is one of the server's, or one of those in index.d.ts. */
export class TilemixError extends Error {
  /**
   * @param {string} code
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = 'TilemixError';
    this.code = code;
  }
}
