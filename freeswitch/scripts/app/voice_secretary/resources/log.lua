-- FreeSWITCH's log, or standard error where there is no FreeSWITCH. Never pass what a caller said or dialled.

local log = {}

local function write(level, message)
  local line = "voice_secretary: " .. message .. "\n"
  if freeswitch and freeswitch.consoleLog then
    freeswitch.consoleLog(level, line)
  else
    io.stderr:write(level, " ", line)
  end
end

function log.info(message) write("INFO", message) end
function log.warning(message) write("WARNING", message) end
function log.err(message) write("ERR", message) end

return log
