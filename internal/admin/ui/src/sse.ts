// Reads server-sent events from the body of a fetch. EventSource cannot send the bearer
// token, and a token in the address would stand in every proxy's log.

export interface Message { event: string; data: string }

/** What is held of one line or event at most: a server that never ends one must not fill the tab. */
const longest = 1 << 20;

/** Takes pieces of the stream as they come and gives the messages that are complete by then. */
export class Parser {
  private rest = "";
  private event = "";
  private data: string[] = [];

  push(piece: string): Message[] {
    this.rest += piece;
    if (this.rest.length > longest) throw new Error("an event without end");
    const messages: Message[] = [];
    // A carriage return at the end of a piece may be half of a line's end: it waits for the next piece.
    for (let end = this.rest.search(/\r\n|\n|\r(?!$)/); end >= 0; end = this.rest.search(/\r\n|\n|\r(?!$)/)) {
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + (this.rest.startsWith("\r\n", end) ? 2 : 1));
      const message = this.line(line);
      if (message) messages.push(message);
    }
    return messages;
  }

  /** One line by the HTML standard, 9.2.6; an empty one ends the event. */
  private line(line: string): Message | undefined {
    if (line === "") return this.end();
    if (line.startsWith(":")) return undefined; // a comment, sent to keep the connection alive
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    if (field === "data") this.data.push(value);
    return undefined;
  }

  private end(): Message | undefined {
    const message = { event: this.event || "message", data: this.data.join("\n") };
    const empty = this.data.length === 0;
    this.event = "";
    this.data = [];
    return empty ? undefined : message;
  }
}
