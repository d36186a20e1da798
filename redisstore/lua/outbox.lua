-- Keeps what happens for the hooks that want to be told. It is put after log.lua and roster.lua, which define hooked,
-- rules_key and at: "LETTER ROOM ID:EVENTS…", with the node's own hooks, '' when no hook can want it; and the time, ms.
--
-- The last three KEYS, unless hooked is '':
--   what is kept of the room's hooks   its outbox   the partition's "ROOM HOOK" that have something to send → when, ms
-- tell(letter, ref, content) puts one event in; there is none where no hook wants to know of anything, since making a
-- function costs about as much as a command. The letters and the fields are those of outbox.go.
local tell
local told = false
local own_hooks = hooked ~= '' and redis.call('HGET', rules_key, 'hooks') or ''
if own_hooks ~= '' or string.find(hooked, ':', 1, true) then -- the node has some
  local OUTBOX_MOST, OUTBOX_LIFE, HOOKS_LIFE = 5000, 2592000000, 34560000000 -- 30 and 400 days
  local _, room, wants = string.match(hooked, '^(%S+) (%S+)(.*)$')
  wants = wants .. ' ' .. own_hooks
  local state, outbox, due = KEYS[#KEYS - 2], KEYS[#KEYS - 1], KEYS[#KEYS]

  local function is_before(a, b)
    local a1, a2 = string.match(a, '^(%d+)-(%d+)$')
    local b1, b2 = string.match(b, '^(%d+)-(%d+)$')
    return tonumber(a1) < tonumber(b1) or a1 == b1 and tonumber(a2) < tonumber(b2)
  end

  -- Makes room for one more. Hooks that have not been sent the oldest one miss it.
  local function drop_oldest()
    local oldest = redis.call('XRANGE', outbox, '-', '+', 'COUNT', 1)[1]
    if not oldest then
      return
    end
    local of = {}
    for i = 1, #oldest[2], 2 do
      of[oldest[2][i]] = oldest[2][i + 1]
    end
    redis.call('XDEL', outbox, oldest[1])
    redis.call('HDEL', state, 'n:' .. of.ref)
    if redis.call('HEXISTS', state, 'd:' .. of.ref) == 0 then
      redis.call('HDEL', state, 'e:' .. of.ref)
    end
    for id in string.gmatch(of.hooks, '%S+') do
      local cursor = redis.call('HGET', state, 'c:' .. id)
      if not cursor or is_before(cursor, oldest[1]) then
        redis.call('HINCRBY', state, 'lost:' .. id, 1)
      end
    end
  end

  tell = function(letter, ref, content)
    local ids = {}
    for id, events in string.gmatch(wants, '([^%s:]+):(%a+)') do
      if string.find(events, letter, 1, true) then
        ids[#ids + 1] = id
      end
    end
    if #ids == 0 then
      return
    end
    if redis.call('XLEN', outbox) >= OUTBOX_MOST then
      drop_oldest()
    end
    redis.call('XADD', outbox, '*', 'type', letter, 'ref', ref, 'at', at, 'hooks', table.concat(ids, ' '))
    redis.call('HSET', state, 'e:' .. ref, content, 'n:' .. ref, #ids)
    redis.call('PEXPIRE', outbox, OUTBOX_LIFE)
    redis.call('PEXPIRE', state, HOOKS_LIFE)
    for _, id in ipairs(ids) do
      redis.call('ZADD', due, 'NX', at, room .. ' ' .. id)
    end
    told = true
  end
end
