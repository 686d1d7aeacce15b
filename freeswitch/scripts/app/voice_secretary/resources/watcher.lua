-- The one watcher of this FreeSWITCH: events in, rescues out. It ends soon after its last call and is started by the
-- next one; a consumer for each call would get every other call's events too.
--
-- Everything goes over events of the class CLASS with a header WHAT:
--   begin, end     a call's script: watch me, I am done. The answer to `begin` is the channel variable ACKNOWLEDGED.
--   hello          a watcher that has just started, or answers one. Of two, the one with the lower id hands its calls
--                  over and ends.

local curl = require "app.voice_secretary.resources.curl"
local log = require "app.voice_secretary.resources.log"
local watching = require "app.voice_secretary.resources.watching"

local watcher = {}
watcher.__index = watcher

watcher.CLASS = "voice_secretary::watch"
watcher.WHAT = "Voice-Secretary-What"
watcher.CALL = "Voice-Secretary-Call"
watcher.ACKNOWLEDGED = "voice_secretary_watched"
-- on: rescue this call when its bridge is gone. off: do not. lost: it was gone, the rescue is under way. Who stops a
-- stream for a while sets off before, and on when it is back.
watcher.GUARD = "voice_secretary_guard"

-- A global variable that is set while a watcher runs, so that a call need not wait in vain for an answer.
watcher.RUNNING = "voice_secretary_watcher"

-- Time is counted in these, not read: no clock that somebody sets can make the watcher believe that all bridges died.
local TICK_MS = 50
local IDLE_TICKS = 40
local MAX_EVENTS = 5000
local STREAM = "mod_audio_stream::"

function watcher.tell(freeswitch, what, headers)
  local event = freeswitch.Event("CUSTOM", watcher.CLASS)
  event:addHeader(watcher.WHAT, what)
  for name, value in pairs(headers) do event:addHeader(name, value) end
  event:fire()
end

-- Into the call's own script again, in a thread that may take its time. False: its stream was stopped on purpose.
local function rescue(self, uuid, why)
  local guard = self.api:execute("uuid_getvar", uuid .. " " .. watcher.GUARD)
  if guard ~= "on" then return guard ~= "off" end
  self.api:execute("uuid_setvar", uuid .. " " .. watcher.GUARD .. " lost")
  log.err("call " .. uuid .. " lost its bridge: " .. why)
  local said = self.api:execute("uuid_transfer",
    uuid .. " 'lua:" .. self.scripts .. "/app/voice_secretary/index.lua rescue' inline")
  if not said:find("^%+OK") then log.err("call " .. uuid .. " could not be rescued: " .. said) end
  return true
end

-- scripts: FreeSWITCH's scripts folder.
function watcher.new(freeswitch, scripts)
  local self = setmetatable({ freeswitch = freeswitch, api = freeswitch.API(), scripts = scripts }, watcher)
  self.id = self.api:execute("create_uuid")
  self.calls = watching.new(function(uuid, why) return rescue(self, uuid, why) end)
  self.consumer = freeswitch.EventConsumer("CUSTOM", watcher.CLASS, MAX_EVENTS)
  for _, name in ipairs { "connect", "json", "error", "disconnect" } do
    self.consumer:bind("CUSTOM", STREAM .. name)
  end
  freeswitch.setGlobalVariable(watcher.RUNNING, self.id)
  watcher.tell(freeswitch, "hello", { ["Voice-Secretary-Watcher"] = self.id })
  return self
end

function watcher:begin(uuid, connected)
  self.calls:begin(uuid, connected)
  self.api:execute("uuid_setvar", uuid .. " " .. watcher.ACKNOWLEDGED .. " yes")
end

local function met(self, other)
  if not other or other == self.id then return end
  if other < self.id then
    watcher.tell(self.freeswitch, "hello", { ["Voice-Secretary-Watcher"] = self.id })
    return
  end
  for uuid, found in pairs(self.calls.calls) do
    local connected = tostring(found.connected)
    watcher.tell(self.freeswitch, "begin", { [watcher.CALL] = uuid, ["Voice-Secretary-Connected"] = connected })
  end
  self.over = true
end

local function take_ours(self, event)
  local what, uuid = event:getHeader(watcher.WHAT), event:getHeader(watcher.CALL)
  if what == "hello" then return met(self, event:getHeader("Voice-Secretary-Watcher")) end
  if not curl.is_uuid(uuid) then return end
  if what == "begin" then self:begin(uuid, event:getHeader("Voice-Secretary-Connected") == "true") end
  if what == "end" then self.calls:finish(uuid) end
end

local function take(self, event)
  local class = event:getHeader("Event-Subclass") or ""
  if class == watcher.CLASS then return take_ours(self, event) end
  local uuid, name = event:getHeader("Unique-ID"), class:sub(#STREAM + 1)
  if not uuid then return end
  if name == "error" or name == "disconnect" then
    self.calls:lost(uuid, name)
  else
    self.calls:heard(uuid)
  end
end

local function take_all(self)
  local event = self.consumer:pop(0)
  while event and not self.over do
    take(self, event)
    event = self.consumer:pop(0)
  end
end

-- Until another watcher takes over, or nobody is watched any more.
function watcher:run()
  local idle = 0
  while not self.over and idle < IDLE_TICKS do
    self.freeswitch.msleep(TICK_MS)
    take_all(self)
    self.calls:tick(TICK_MS)
    idle = self.calls.count == 0 and idle + 1 or 0
  end
  if self.freeswitch.getGlobalVariable(watcher.RUNNING) == self.id then
    self.freeswitch.setGlobalVariable(watcher.RUNNING, "")
  end
end

return watcher
