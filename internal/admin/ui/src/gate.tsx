// Asks for the bearer token of the listener. It stays in this tab.
import { useState } from "preact/hooks";
import { unlock } from "./client";

export function Gate() {
  const [token, setToken] = useState("");
  return (
    <form class="card gate" onSubmit={(e) => { e.preventDefault(); if (token.trim()) unlock(token); }}>
      <h2>This listener wants its token</h2>
      <p>It is the content of <code>admin.token_file</code>. It is kept until this tab is closed and sent to this address only.</p>
      <label class="search"><span>Token</span><input type="password" autocomplete="off" value={token} onInput={(e) => setToken(e.currentTarget.value)} /></label>
      <button type="submit">Open</button>
    </form>
  );
}
