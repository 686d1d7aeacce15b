<?php

/**
 * A secretary's entry in the dialplan.
 */
class voice_dialplan {

	const app_uuid = 'cfbe0a63-1d1d-4a2d-9a6e-5ab3e8dbb2a4';
	const order = '333';

	/**
	 * The extension's XML. Names come from the administrator and must stay text: FusionPBX's own xml::sanitize leaves
	 * quotes as they are, and FreeSWITCH would expand ${}.
	 *
	 * @param array $secretary voice_secretary_uuid, domain_uuid, dialplan_uuid, secretary_name, secretary_extension
	 */
	public static function xml(array $secretary, string $domain_name): string {
		$number = self::inert($secretary['secretary_extension']);
		$xml = "<extension name=\"".self::inert($secretary['secretary_name'])."\" continue=\"false\" uuid=\"".self::inert($secretary['dialplan_uuid'])."\">\n";
		$xml .= "	<condition field=\"destination_number\" expression=\"^".self::inert(preg_quote($secretary['secretary_extension']))."$\">\n";
		$xml .= "		<action application=\"set\" data=\"domain_uuid=".self::inert($secretary['domain_uuid'])."\"/>\n";
		$xml .= "		<action application=\"set\" data=\"domain_name=".self::inert($domain_name)."\"/>\n";
		$xml .= "		<action application=\"set\" data=\"voice_secretary_uuid=".self::inert($secretary['voice_secretary_uuid'])."\"/>\n";
		$xml .= "		<action application=\"set\" data=\"voice_secretary_extension=".$number."\"/>\n";
		$xml .= "		<action application=\"lua\" data=\"app.lua voice_secretary\"/>\n";
		$xml .= "	</condition>\n";
		$xml .= "</extension>\n";
		return $xml;
	}

	/**
	 * Text that XML and FreeSWITCH leave alone, in any language and with any sign.
	 */
	public static function inert($text): string {
		$text = preg_replace('/[\x00-\x1F\x7F]/', ' ', (string) $text);
		$text = mb_scrub($text, 'UTF-8');
		$text = str_replace(['${', '$', '{', '}'], '', preg_replace('/\$\$?\{/', '{', $text) ?? '');
		return htmlspecialchars($text, ENT_XML1 | ENT_QUOTES, 'UTF-8');
	}

	/**
	 * The row of v_dialplans.
	 */
	public static function row(array $secretary, string $domain_name): array {
		return [
			'domain_uuid' => $secretary['domain_uuid'],
			'dialplan_uuid' => $secretary['dialplan_uuid'],
			'app_uuid' => self::app_uuid,
			'dialplan_name' => $secretary['secretary_name'],
			'dialplan_number' => $secretary['secretary_extension'],
			'dialplan_context' => $domain_name,
			'dialplan_continue' => 'false',
			'dialplan_xml' => self::xml($secretary, $domain_name),
			'dialplan_order' => self::order,
			'dialplan_enabled' => $secretary['secretary_enabled'],
			'dialplan_description' => $secretary['secretary_description'],
		];
	}

	/**
	 * What answers a number of the domain already, or null.
	 *
	 * @param string $except_dialplan_uuid the secretary's own entry
	 */
	public static function taken_by($database, string $number, string $domain_uuid, string $domain_name, ?string $except_dialplan_uuid): ?string {
		$except = empty($except_dialplan_uuid) ? '00000000-0000-0000-0000-000000000000' : $except_dialplan_uuid;
		$sql = "select dialplan_name from v_dialplans ";
		$sql .= "where (domain_uuid = :domain_uuid or domain_uuid is null) ";
		$sql .= "and dialplan_context in (:domain_name, '\${domain_name}', 'global') ";
		$sql .= "and dialplan_number = :number and dialplan_uuid <> :except ";
		$sql .= "and cast(dialplan_enabled as text) = 'true' limit 1 ";
		$name = $database->select($sql, ['domain_uuid' => $domain_uuid, 'domain_name' => $domain_name, 'number' => $number, 'except' => $except], 'column');
		if (!empty($name)) {
			return $name;
		}
		$sql = "select extension from v_extensions where domain_uuid = :domain_uuid ";
		$sql .= "and (extension = :number or number_alias = :number) limit 1 ";
		$extension = $database->select($sql, ['domain_uuid' => $domain_uuid, 'number' => $number], 'column');
		return empty($extension) ? null : $extension;
	}

	/**
	 * Calls see the change at once, and every list of destinations too.
	 */
	public static function changed(string $domain_name): void {
		$_SESSION['reload_xml'] = true;
		$cache = new cache;
		$cache->delete('dialplan:'.$domain_name);
		unset($_SESSION['destinations']['array']);
	}
}
