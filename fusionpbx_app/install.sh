#!/bin/sh
# Installs the app, or a newer version of it, into a FusionPBX that lives: copies it and runs FusionPBX's own upgrade
# steps. Menu, permissions and settings that are there stay as they are.
#
#   sudo sh fusionpbx_app/install.sh [/var/www/fusionpbx]
set -eu

root=${1:-/var/www/fusionpbx}
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
app=$root/app/voice_secretary

[ -f "$root/core/upgrade/upgrade.php" ] || { echo "no FusionPBX in $root" >&2; exit 1; }
[ -d "$here/../freeswitch/scripts/app/voice_secretary" ] || { echo "freeswitch/scripts is missing beside fusionpbx_app" >&2; exit 1; }

rm -rf "$app"
mkdir -p "$app/resources/scripts/app"
cp -R "$here/voice_secretary/." "$app/"
cp -R "$here/../freeswitch/scripts/app/voice_secretary" "$app/resources/scripts/app/"
chown -R --reference="$root/index.php" "$app"

cd "$root"
# Not `upgrade.php --schema`: in some versions it reports and creates nothing.
php core/upgrade/upgrade_schema.php > /dev/null
php core/upgrade/upgrade.php --defaults > /dev/null

# php-fpm keeps compiled files and texts in memory.
for master in $(pgrep -o -f '^php-fpm: master process' || true); do kill -USR2 "$master"; done
echo "installed in $app; log out of FusionPBX and in again"
