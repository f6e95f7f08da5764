-- diastole.lua: Dovecot tells diastole that a mailbox has changed.
--
-- For Dovecot 2.3's push-notification plugin with the Lua driver. What to write into
-- which file of Dovecot's configuration stands in docs/wake-dovecot.md.
--
-- Sent is the user's name, and for each change its kind and its folder's name. No
-- sender, no subject, no text.
--
-- A delivery waits for the answer, so all is bounded: one request for all that a
-- transaction did, one attempt, 300 ms. What is lost is lost: diastole looks for
-- itself from time to time. Nothing here may raise an error, and nothing does.

local timeout_msecs = 300
local idle_msecs = 20000 -- a connection is closed here before diastole closes it, after a minute
local most_events = 32   -- of one transaction; of more, only that there were more
local most_octets = 8192 -- of a message; diastole reads 16 KiB

local client -- its connection is used again
local warned -- one line in the log for each session of a user

local function warn(what)
  if not warned then
    warned = true
    dovecot.i_warning("diastole was not told: " .. what:match("^(.-)%s*$"))
  end
end

-- JSON (RFC 8259 7): quotes, backslashes and control characters are escaped.
local function quoted(text)
  return '"' .. tostring(text or ""):gsub('[%c"\\]', function(c)
    return string.format("\\u%04x", c:byte())
  end) .. '"'
end

local function message(ctx)
  local begin = '{"user":' .. quoted(ctx.user) .. ',"events":['
  local events = {}
  for _, e in ipairs(ctx.events) do
    events[#events + 1] = '{"event":' .. quoted(e.event) .. ',"folder":' .. quoted(e.folder) .. "}"
  end
  local text = begin .. table.concat(events, ",") .. "]}"
  if #text > most_octets then
    text = begin .. '{"event":"More","folder":""}]}'
  end
  return text
end

local function send(ctx)
  -- No event_parent here: Dovecot 2.3 crashes with one, and the mail is not stored.
  client = client or dovecot.http.client({
    connect_timeout_msecs = timeout_msecs,
    request_timeout_msecs = timeout_msecs,
    request_absolute_timeout_msecs = timeout_msecs, -- all of it together
    max_idle_time_msecs = idle_msecs,
    max_attempts = 1,
    max_connect_attempts = 1,
    auto_retry = false,
    auto_redirect = false,
  })
  local request = client:request({ url = ctx.url, method = "POST" })
  request:add_header("Content-Type", "application/json")
  request:add_header("Authorization", "Bearer " .. ctx.token)
  request:set_payload(message(ctx))
  local answer = request:submit()
  local status = answer:status()
  if status ~= 204 then -- Dovecot's own, such as a time-out, are 9000 and above
    warn(status .. " " .. (status < 9000 and answer:payload() or answer:reason()))
  end
end

function dovecot_lua_notify_begin_txn(user)
  return {
    user = user.username,
    url = user:plugin_getenv("diastole_url"),
    token = (user:plugin_getenv("diastole_token") or ""):gsub("%s+", ""),
    events = {},
    seen = {},
  }
end

local function note(ctx, event)
  local kind, folder = event.name, event.mailbox
  local key = tostring(kind) .. "\0" .. tostring(folder)
  if ctx.seen[key] or #ctx.events >= most_events then return end -- flags of 1,000 mails are one change
  ctx.seen[key] = true
  if #ctx.events == most_events - 1 then kind, folder = "More", "" end
  ctx.events[#ctx.events + 1] = { event = kind, folder = folder }
end

dovecot_lua_notify_event_message_new = note
dovecot_lua_notify_event_message_append = note
dovecot_lua_notify_event_message_expunge = note
dovecot_lua_notify_event_flags_set = note
dovecot_lua_notify_event_flags_clear = note
dovecot_lua_notify_event_mailbox_create = note
dovecot_lua_notify_event_mailbox_delete = note
dovecot_lua_notify_event_mailbox_rename = note

function dovecot_lua_notify_end_txn(ctx, success)
  if not success or #ctx.events == 0 then return end
  if (ctx.url or "") == "" then
    return warn("no diastole_url in plugin { }")
  elseif ctx.token == "" then -- a delivery under a user who must not read it, perhaps
    return warn("no diastole_token in plugin { }, or in a file that cannot be read here")
  end
  local ok, fault = pcall(send, ctx)
  if not ok then warn(tostring(fault)) end
end
