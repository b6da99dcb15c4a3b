"""The floor's statements, written by hand."""

CALLER = """
SELECT u.id, u.email, u.username, u.name, u.profile_image_url, u.bio, u.timezone,
       u.theme_preference, u.is_active, u.is_email_verified, u.current_partnership_id,
       u.created_at, u.updated_at, partner.id AS partner_id, partner.name AS partner_name,
       partner.username AS partner_username,
       partner.profile_image_url AS partner_profile_image_url
FROM users u
LEFT JOIN partnerships p ON p.id = u.current_partnership_id AND p.status = 'active'
LEFT JOIN users partner
    ON partner.id = CASE WHEN p.user1_id = u.id THEN p.user2_id ELSE p.user1_id END
WHERE u.id = $1
"""

GOALS = """
SELECT id, title, description, category, priority, status, start_date, target_date,
       ai_generated_plan_details, ai_assistance_inputs, is_archived, created_at, updated_at,
       (SELECT count(*) FROM systems s WHERE s.goal_id = g.id) AS systems_count,
       count(*) OVER () AS total_items
FROM goals g
WHERE user_id = $1 AND NOT is_archived
ORDER BY created_at DESC, id
LIMIT $2 OFFSET $3
"""

_ZONES = """
(SELECT jsonb_agg(jsonb_build_object('timezone', z.timezone, 'used_from', z.used_from))
 FROM (SELECT timezone, used_from FROM user_timezones WHERE user_id = s.user_id
       ORDER BY used_from DESC LIMIT 20) z) AS zones
"""

_SCHEDULES = """
(SELECT jsonb_agg(jsonb_build_object('effective_from', effective_from, 'frequency', frequency,
                                     'details', frequency_details)
                  ORDER BY effective_from)
 FROM system_schedules WHERE system_id = s.id) AS schedules,
(SELECT coalesce(jsonb_agg(jsonb_build_object('starts_on', starts_on, 'ends_on', ends_on)), '[]')
 FROM system_pauses WHERE system_id = s.id) AS pauses
"""

HISTORIES = f"""
SELECT s.goal_id, {_ZONES}, {_SCHEDULES},
       array(SELECT checkin_date_local FROM checkins
             WHERE system_id = s.id AND status <> 'skipped' AND checkin_date_local >= $2)
           AS credited,
       array(SELECT checkin_date_local FROM checkins
             WHERE system_id = s.id AND status = 'skipped') AS skipped
FROM systems s
WHERE s.goal_id = ANY($1::uuid[])
"""

CONTEXT = f"""
SELECT s.title, s.status, s.metric_type, s.verification_required, {_ZONES},
       $3::uuid IS NULL
           OR EXISTS (SELECT FROM uploads WHERE id = $3 AND user_id = $2 AND purpose = 'checkin')
           AS photo_is_own
FROM systems s
WHERE s.id = $1 AND s.user_id = $2
"""

CHECK_IN = """
WITH owner AS (
    SELECT id FROM users
    WHERE id = $1 AND current_partnership_id IS NOT DISTINCT FROM $3
    FOR SHARE
), active AS (
    SELECT s.id, s.title, s.user_id FROM systems s JOIN owner ON owner.id = s.user_id
    WHERE s.id = $2 AND s.status = 'active'
), saved AS (
    INSERT INTO checkins (system_id, user_id, partnership_id, checkin_timestamp_utc,
                          original_local_timestamp_str, checkin_date_local, checkin_timezone,
                          is_late, status, metric_value_logged, notes, photo_url, created_at,
                          updated_at)
    SELECT id, user_id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $4, $4 FROM active
    ON CONFLICT (system_id, checkin_date_local) DO NOTHING
    RETURNING *
), told AS (
    INSERT INTO notifications (recipient_id, actor_user_id, type, title, message, link_to,
                               icon_identifier, target_type, target_id, target_name, created_at)
    SELECT u.id, $1, $14, $15, $16, $17, $18, 'checkin', saved.id::text, $19, $4
    FROM users u, saved
    WHERE u.id = $13 AND NOT u.notification_preferences @> $20::jsonb
)
SELECT saved.*, active.title AS system_title FROM saved, active
"""

CHECKINS = """
SELECT c.*, s.title AS system_title,
       (SELECT count(*) FROM checkins WHERE user_id = $1) AS total_items
FROM checkins c JOIN systems s ON s.id = c.system_id
WHERE c.user_id = $1
ORDER BY c.checkin_date_local DESC, c.checkin_timestamp_utc DESC, c.id DESC
LIMIT $2 OFFSET $3
"""

MESSAGES = """
SELECT m.*,
       (SELECT jsonb_agg(jsonb_build_object('emoji', emoji, 'user_id', user_id)
                         ORDER BY created_at, id)
        FROM reactions WHERE target_type = 'direct_message' AND target_id = m.id) AS reactions,
       (SELECT count(*) FROM direct_messages WHERE partnership_id = $1) AS total_items
FROM direct_messages m JOIN partnerships p ON p.id = m.partnership_id
WHERE p.id = $1 AND $2 IN (p.user1_id, p.user2_id)
ORDER BY m.sent_at_utc DESC, m.id DESC
LIMIT $3 OFFSET $4
"""

NOTIFICATIONS = """
SELECT n.*, a.id AS actor_id, coalesce(a.name, a.username) AS actor_name,
       a.profile_image_url AS actor_avatar_url,
       (SELECT count(*) FROM notifications WHERE recipient_id = $1) AS total_items,
       (SELECT count(*) FROM notifications WHERE recipient_id = $1 AND NOT is_read) AS unread
FROM notifications n LEFT JOIN users a ON a.id = n.actor_user_id
WHERE n.recipient_id = $1
ORDER BY n.created_at DESC, n.id DESC
LIMIT $2 OFFSET $3
"""

SYSTEMS = f"""
WITH checkpoint AS MATERIALIZED (
    SELECT until, systems FROM streak_checkpoints
    WHERE user_id = $1 AND begun = '-infinity'
)
SELECT s.id, s.goal_id, g.title AS goal_title, s.title, s.description, s.status, s.frequency,
       s.frequency_details, s.metric_type, s.target_value, s.target_unit, s.target_time_local,
       s.verification_required, s.checkin_reminder, s.reminder_time_local, s.ai_assistance_used,
       s.created_at, s.updated_at, {_ZONES}, {_SCHEDULES},
       array(SELECT checkin_date_local FROM checkins
             WHERE system_id = s.id AND status <> 'skipped'
                 AND checkin_date_local >= coalesce(checkpoint.until, '-infinity')) AS credited,
       array(SELECT checkin_date_local FROM checkins
             WHERE system_id = s.id AND status = 'skipped'
                 AND checkin_date_local >= coalesce(checkpoint.until, '-infinity')) AS skipped,
       checkpoint.systems -> s.id::text || jsonb_build_object('until', checkpoint.until)
           AS earlier,
       count(*) OVER () AS total_items
FROM systems s LEFT JOIN goals g ON g.id = s.goal_id LEFT JOIN checkpoint ON true
WHERE s.user_id = $1 AND NOT coalesce(g.is_archived, false)
ORDER BY s.created_at DESC, s.id
LIMIT $2 OFFSET $3
"""
