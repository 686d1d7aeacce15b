-- What the PBX's administrator set, checked once at the call's door.
--
-- Channel variables of the dialplan come before global variables (vars.xml, FusionPBX: Advanced > Variables).
-- The token is a global variable only: channel variables end up in call detail records.

local curl = require "app.voice_secretary.resources.curl"

local settings = {}

function settings.is_path(text)
  return type(text) == "string" and text:find("^/[%w/._-]+$") ~= nil
end

local function is_uuid(text)
  return type(text) == "string" and text:find("^%x+%-%x+%-%x+%-%x+%-%x+$") ~= nil and #text == 36
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

-- session, freeswitch: FreeSWITCH's own. scripts: its scripts folder. The settings, or nil and what is wrong.
function settings.read(session, freeswitch, scripts)
  local function configured(name, default)
    return first(session:getVariable(name), freeswitch.getGlobalVariable(name), default)
  end
  local found = {
    call_uuid = session:getVariable("uuid"),
    url = configured("voice_ai_url", "http://127.0.0.1:8100"),
    transport = configured("voice_ai_audio", "inline"),
    timeout_s = seconds(configured("voice_ai_timeout_s"), 15),
    work_dir = configured("voice_ai_work_dir", freeswitch.getGlobalVariable("temp_dir") or "/tmp"),
    domain_uuid = first(session:getVariable("domain_uuid")),
    domain_name = first(session:getVariable("domain_name")),
    context = first(session:getVariable("voice_secretary_context"), session:getVariable("context"), "default"),
    called_number = first(session:getVariable("voice_secretary_extension"), session:getVariable("destination_number")),
    caller_number = first(session:getVariable("caller_id_number")),
    fallback = first(session:getVariable("voice_secretary_fallback")),
    scripts = scripts,
  }
  if not curl.is_url(found.url) then return nil, "voice_ai_url is not a URL" end
  if not curl.is_token(freeswitch.getGlobalVariable("voice_ai_token")) then return nil, "voice_ai_token is not set" end
  if found.transport ~= "inline" and found.transport ~= "shared" then return nil, "voice_ai_audio: inline or shared" end
  if not settings.is_path(found.work_dir) then return nil, "voice_ai_work_dir is not a plain path" end
  if not settings.is_path(scripts) then return nil, "the scripts folder is not a plain path" end
  if not is_uuid(found.call_uuid) then return nil, "the channel has no uuid" end
  return found
end

return settings
