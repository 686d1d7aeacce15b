-- Realtime mode: the caller's audio goes to the bridge, which speaks, listens and decides. This script starts the
-- stream, waits on the parked channel and cleans up; the watcher (watcher.lua) brings the caller back here when the
-- bridge is gone.

local log = require "app.voice_secretary.resources.log"
local settings = require "app.voice_secretary.resources.settings"
local watcher = require "app.voice_secretary.resources.watcher"

local realtime = {}

-- Where the rescue finds what the set-up's answer said.
local APOLOGY, NUMBER = "voice_secretary_apology", "voice_secretary_rescue_number"
local MAX_URL = 4096
local ACKNOWLEDGE_TICK_MS = 20
-- A watcher looks every 50 ms; a new one needs a thread of mod_lua.
local ACKNOWLEDGE_MS, START_MS = 200, 1000

-- What mod_audio_stream takes, without any character that FreeSWITCH's command line reads.
local function is_stream_url(text)
  return type(text) == "string" and #text <= MAX_URL
    and text:find("^wss?://[%w.-]+:?%d*/[%w/._~-]*%??[%w._~=&-]*$") ~= nil
end

-- For the set-up's request: what this PBX can do. nil where it cannot stream, or shall not.
function realtime.offer(call)
  if call.settings.mode ~= "auto" then return nil end
  -- The command, not the module: builds of it have several names.
  if not call.leg.api:execute("uuid_audio_stream", ""):find("^%-USAGE") then return nil end
  return { sample_rate_hz = call.settings.stream_rate_hz, playout = call.settings.playout, control = "pbx" }
end

function realtime.is_offered(answer)
  return answer.decision == "answer" and answer.mode == "realtime" and type(answer.stream) == "table"
end

local function acknowledged(call, limit_ms)
  for _ = 1, limit_ms / ACKNOWLEDGE_TICK_MS do
    if call.session:getVariable(watcher.ACKNOWLEDGED) == "yes" then return true end
    call.leg:wait(ACKNOWLEDGE_TICK_MS)
  end
  return false
end

local function begin_watch(call)
  watcher.tell(call.leg.freeswitch, "begin", { [watcher.CALL] = call.leg.uuid })
end

-- Nobody is left on a parked channel without a watcher: true when there is one.
local function watched(call)
  local running = call.leg.freeswitch.getGlobalVariable(watcher.RUNNING)
  if running and running ~= "" then
    begin_watch(call)
    if acknowledged(call, ACKNOWLEDGE_MS) then return true end
  end
  local said = call.leg.api:execute("luarun", string.format("%s/app/voice_secretary/watch.lua %s",
    call.settings.scripts, call.leg.uuid))
  return said:find("^%+OK") ~= nil and acknowledged(call, START_MS)
end

local function rescue_number(call)
  local destination = type(call.fallback) == "table" and call.fallback.type == "transfer" and call.fallback.destination
  if type(destination) == "table" and settings.is_number(destination.number) then return destination.number end
  return settings.is_number(call.settings.fallback) and call.settings.fallback or ""
end

local function prepare(call)
  local session = call.session
  -- unicast writes by itself; both would.
  if call.settings.playout ~= "unicast" then session:setVariable("send_silence_when_idle", "-1") end
  -- A key must not end what is played: the bridge decides that.
  session:setVariable("playback_terminators", "none")
  session:setVariable("hangup_after_bridge", "true")
  session:setVariable("STREAM_BUFFER_SIZE", "20")
  session:setVariable(APOLOGY, call.apology and call.apology.file or "")
  session:setVariable(NUMBER, rescue_number(call))
  -- A transfer changes what the channel believes was dialled.
  session:setVariable("voice_secretary_extension", call.settings.called_number or "")
  session:setVariable("voice_secretary_context", call.settings.context)
end

local function start_stream(call, stream)
  if not is_stream_url(stream.url) then return false, "the stream's address is not one" end
  local rate = stream.sample_rate_hz == 16000 and "16k" or "8k"
  begin_watch(call)
  call.session:setVariable(watcher.GUARD, "on")
  local said = call.leg.api:execute("uuid_audio_stream",
    string.format("%s start %s mono %s", call.leg.uuid, stream.url, rate))
  if not said:find("^%+OK") then return false, "uuid_audio_stream: " .. said end
  return true
end

-- How the parking ended, as the service calls it.
local function ending(call, was_lost)
  if was_lost then return { reason = "fallback" } end
  if not call.leg:is_hung_up() then return { reason = "transferred" } end
  return { reason = call.leg:was_ended_by_caller() and "caller_hangup" or "secretary_hangup" }
end

-- The rescue plays it after this script is over.
local function keep_apology(call)
  local file = call.apology and call.apology.file
  for index, path in ipairs(call.jobs.files) do
    if path == file then table.remove(call.jobs.files, index) return end
  end
end

-- stream: {url, sample_rate_hz} of the set-up's answer. True when the call was the bridge's until its end; false when
-- it never was, and the caller is still ours.
function realtime.run(call, stream)
  -- While it still rings: what takes time here is not silence in a call.
  local guarded = watched(call)
  call.leg:answer_unheard()
  if not guarded then
    log.err("nobody watches over call " .. call.call_uuid)
    return false
  end
  prepare(call)
  local answered_at = os.time()
  local started, problem = start_stream(call, stream)
  if started then
    call.session:setAutoHangup(false)
    call.session:execute("park")
  end
  watcher.tell(call.leg.freeswitch, "end", { [watcher.CALL] = call.leg.uuid })
  local was_lost = call.session:getVariable(watcher.GUARD) == "lost"
  call.session:setVariable(watcher.GUARD, "off")
  call.duration_ms = (os.time() - answered_at) * 1000
  if not started or call.leg:is_up() then
    log.err("call " .. call.call_uuid .. " has no stream: " .. (problem or "it is not parked any more"))
    return false
  end
  call.ending = ending(call, was_lost)
  if was_lost then keep_apology(call) end
  return true
end

local function remove_apology(call, file)
  local own = call.settings.work_dir .. "/voice-secretary-"
  if file:sub(1, #own) == own then os.remove(file) end
end

-- The first things after the bridge was lost: never silence. True when somebody's telephone has the call now.
function realtime.rescue(call)
  local session = call.session
  -- The stream would go on to replace what the caller hears. In the background: the module waits a second for a bridge
  -- that hangs to say goodbye.
  call.leg.api:execute("bgapi", "uuid_audio_stream " .. call.leg.uuid .. " stop")
  local apology = session:getVariable(APOLOGY)
  if not call.leg:play_through({ file = apology }) then call.leg:play_tone() end
  if settings.is_path(apology) then remove_apology(call, apology) end
  session:setVariable("voice_secretary_outcome", "fallback")
  return call.leg:transfer(session:getVariable(NUMBER), call.settings.context)
end

return realtime
