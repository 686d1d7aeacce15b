-- The watcher's thread: luarun watch.lua <uuid of the call that needs one>.

local scripts = debug.getinfo(1, "S").source:match("^@(.*)/app/voice_secretary/[^/]*$")
if scripts then package.path = scripts .. "/?.lua;" .. package.path end

local watcher = require "app.voice_secretary.resources.watcher"

local one = watcher.new(freeswitch, scripts)
one:begin(argv[1])
one:run()
