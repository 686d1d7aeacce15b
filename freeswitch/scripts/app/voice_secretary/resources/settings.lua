-- What the PBX's administrator set, checked once at the call's door.
--
-- Channel variables of the dialplan come before global variables (vars.xml, FusionPBX: Advanced > Variables).
-- The token is a global variable only: channel variables end up in call detail records.

local curl = require "app.voice_secretary.resources.curl"

local settings = {}

local PLAYOUTS = { auto = true, socket = true, playback = true, unicast = true }

function settings.is_path(text)
  return type(text) == "string" and text:find("^/[%w/._-]+$") ~= nil
end

function settings.is_number(text)
  return type(text) == "string" and #text <= 20 and text:find("^[%d*#+]+$") ~= nil
end

function settings.is_context(text)
  return type(text) == "string" and #text <= 253 and text:find("^[%w._-]+$") ~= nil
end

local function first(...)
  for index = 1, select("#", ...) do
    local value = select(index, ...)
    if value and value ~= "" then return value end
  end
  return nil
end

local function seconds(text, default)
  local number = tonumber(text)
  if not number or number < 1 or number > 120 then return default end
  return math.floor(number)
end

-- FusionPBX's place for a domain's recordings, or nil.
local function recordings_dir(session, freeswitch)
  local root, domain = freeswitch.getGlobalVariable("recordings_dir"), session:getVariable("domain_name")
  if not settings.is_path(root) then return nil end
  -- On a plain FreeSWITCH the domain may be what the caller's INVITE says.
  if settings.is_context(domain) and domain:find("^%w") then root = root .. "/" .. domain end
  return root .. os.date("/archive/%Y/%b/%d")
end

-- Where a call goes for which there is no secretary.
function settings.fallback(session, freeswitch)
  return {
    fallback = first(session:getVariable("voice_secretary_fallback"),
      freeswitch.getGlobalVariable("voice_secretary_fallback")),
    context = first(session:getVariable("voice_secretary_context"), session:getVariable("context"), "default"),
  }
end

local function problem_of(found, freeswitch)
  if not curl.is_url(found.url) then return "voice_ai_url is not a URL" end
  if not curl.is_token(freeswitch.getGlobalVariable("voice_ai_token")) then return "voice_ai_token is not set" end
  if found.transport ~= "inline" and found.transport ~= "shared" then return "voice_ai_audio: inline or shared" end
  if found.mode ~= "auto" and found.mode ~= "turn" then return "voice_ai_mode: auto or turn" end
  if not PLAYOUTS[found.playout] then return "voice_ai_playout: auto, socket, playback or unicast" end
  if found.stream_rate_hz ~= 8000 and found.stream_rate_hz ~= 16000 then return "voice_ai_stream_rate: 8000 or 16000" end
  if not settings.is_path(found.work_dir) then return "voice_ai_work_dir is not a plain path" end
  if not settings.is_path(found.scripts) then return "the scripts folder is not a plain path" end
  if not curl.is_uuid(found.call_uuid) then return "the channel has no uuid" end
  return nil
end

-- session, freeswitch: FreeSWITCH's own. scripts: its scripts folder. The settings, or nil and what is wrong.
function settings.read(session, freeswitch, scripts)
  local function configured(name, default)
    return first(session:getVariable(name), freeswitch.getGlobalVariable(name), default)
  end
  local elsewhere = settings.fallback(session, freeswitch)
  local found = {
    channel_uuid = session:getVariable("uuid"), call_uuid = session:getVariable("uuid"),
    url = configured("voice_ai_url", "http://127.0.0.1:8100"),
    transport = configured("voice_ai_audio", "inline"),
    mode = configured("voice_ai_mode", "auto"),
    playout = configured("voice_ai_playout", "auto"),
    stream_rate_hz = tonumber(configured("voice_ai_stream_rate", "8000")),
    timeout_s = seconds(configured("voice_ai_timeout_s"), 12),
    work_dir = configured("voice_ai_work_dir", freeswitch.getGlobalVariable("temp_dir") or "/tmp"),
    domain_uuid = first(session:getVariable("domain_uuid")),
    domain_name = first(session:getVariable("domain_name")),
    context = elsewhere.context,
    fallback = elsewhere.fallback,
    called_number = first(session:getVariable("voice_secretary_extension"), session:getVariable("destination_number")),
    caller_number = first(session:getVariable("caller_id_number")),
    recordings_dir = recordings_dir(session, freeswitch),
    scripts = scripts,
  }
  local problem = problem_of(found, freeswitch)
  if problem then return nil, problem end
  return found
end

return settings
