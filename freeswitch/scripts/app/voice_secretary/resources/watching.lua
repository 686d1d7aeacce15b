-- The dead-man's switch, as a rule: which calls have lost their bridge. No clock and no FreeSWITCH in it.
--
-- A call is watched from before its stream starts until it is no longer parked with us. The bridge says that it lives
-- with a text a second; silence for longer means that it hangs, which no event would tell.

local watching = {}
watching.__index = watching

-- The module gives a connection up after one second and says so; this is for when it does not say so.
watching.CONNECT_MS = 1200
-- Two texts missed, and some. With the time to act on it a caller hears nothing for less than three seconds.
watching.SILENCE_MS = 2500

-- rescue(uuid, why): for a call that lost its bridge; false when it is meant to be without, and it is asked again later.
function watching.new(rescue)
  return setmetatable({ calls = {}, count = 0, rescue = rescue }, watching)
end

-- Again, before its stream is up: the time begins again. `connected`: it is up (taken over from another watcher).
function watching:begin(uuid, connected)
  local found = self.calls[uuid]
  if found then
    if not found.connected then found.quiet_ms = 0 end
    return
  end
  self.calls[uuid] = { connected = connected == true, quiet_ms = 0 }
  self.count = self.count + 1
end

function watching:finish(uuid)
  if not self.calls[uuid] then return end
  self.calls[uuid], self.count = nil, self.count - 1
end

-- The stream is there, or its server said something.
function watching:heard(uuid)
  local found = self.calls[uuid]
  if found then found.connected, found.quiet_ms = true, 0 end
end

-- The stream is gone, or never came.
function watching:lost(uuid, why)
  if not self.calls[uuid] then return end
  if self.rescue(uuid, why) == false then self:heard(uuid) else self:finish(uuid) end
end

-- So much time went by.
function watching:tick(ms)
  local silent = {}
  for uuid, found in pairs(self.calls) do
    found.quiet_ms = found.quiet_ms + ms
    local limit_ms = found.connected and watching.SILENCE_MS or watching.CONNECT_MS
    if found.quiet_ms > limit_ms then silent[#silent + 1] = { uuid, found.connected and "silent" or "not connected" } end
  end
  for _, pair in ipairs(silent) do self:lost(pair[1], pair[2]) end
end

return watching
