<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_transfer_rule_add', 'voice_transfer_rule_edit');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//the rule of this domain that is edited, or none: it is new
	$stored = voice_rows::find($database, 'voice_transfer_rules', $_REQUEST['id'] ?? null, $domain_uuid);
	if (!permission_exists($stored === null ? 'voice_transfer_rule_add' : 'voice_transfer_rule_edit') || (!empty($_REQUEST['id']) && $stored === null)) {
		message::add($text['message-not_found'], 'negative');
		voice_page::go('voice_transfer_rules.php');
	}

//what may be chosen
	$sql = "select voice_transfer_destination_uuid, destination_name from v_voice_transfer_destinations ";
	$sql .= "where domain_uuid = :domain_uuid order by destination_order asc, destination_name asc ";
	$destination_names = $database->select($sql, ['domain_uuid' => $domain_uuid], 'all');
	$destination_names = array_column(is_array($destination_names) ? $destination_names : [], 'destination_name', 'voice_transfer_destination_uuid');
	$secretaries = voice_rows::secretaries($database, $domain_uuid);

//save what was posted
	$problems = [];
	$row = $stored ?? ['rule_intent' => '', 'rule_phrases' => '[]', 'voice_transfer_destination_uuid' => '', 'rule_language' => '', 'rule_priority' => '100', 'rule_immediate' => 'false', 'rule_enabled' => 'true', 'voice_secretary_uuid' => ''];
	if (!empty($_POST)) {
		voice_page::require_genuine($text, 'voice_transfer_rules.php');
		$phrases = array_values(array_filter(voice_form::posted_lines($_POST, 'rule_phrases', 100), function ($phrase) { return preg_match('/[\p{L}\p{N}]/u', $phrase) === 1; }));
		$row = [
			'voice_transfer_rule_uuid' => $stored['voice_transfer_rule_uuid'] ?? uuid(),
			'domain_uuid' => $domain_uuid,
			'voice_secretary_uuid' => voice_form::posted_choice($_POST, 'voice_secretary_uuid', array_keys($secretaries), ''),
			'voice_transfer_destination_uuid' => voice_form::posted_choice($_POST, 'voice_transfer_destination_uuid', array_keys($destination_names), ''),
			'rule_intent' => voice_form::posted($_POST, 'rule_intent'),
			'rule_phrases' => json_encode($phrases, JSON_UNESCAPED_UNICODE),
			'rule_language' => voice_form::posted_choice($_POST, 'rule_language', array_keys(voice_secretary_settings::languages), ''),
			'rule_priority' => (string) voice_form::posted_number($_POST, 'rule_priority', 0, 100000, 100),
			'rule_immediate' => voice_form::posted_choice($_POST, 'rule_immediate', ['true', 'false'], 'false'),
			'rule_enabled' => voice_form::posted_choice($_POST, 'rule_enabled', ['true', 'false'], 'false'),
		];
		foreach (['rule_intent' => 'label-intent', 'voice_transfer_destination_uuid' => 'label-destination'] as $name => $label) {
			if ($row[$name] === '') {
				$problems[] = $text['message-required'].' '.$text[$label];
			}
		}
		if (empty($phrases)) {
			$problems[] = $text['message-required'].' '.$text['label-phrases'];
		}
		if (empty($problems)) {
			$before = $stored === null ? [] : ['voice_transfer_rules' => [$stored['voice_transfer_rule_uuid'] => $stored]];
			if (voice_rows::save($database, ['voice_transfer_rules' => [$row]], $before)) {
				message::add($text[$stored === null ? 'message-add' : 'message-update']);
				voice_page::go('voice_transfer_rules.php');
			}
			$problems[] = $text['message-not_saved'];
		}
	}

//include header
	$document['title'] = $text['title-voice_transfer_rule'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_transfer_rules.php');
	if (empty($destination_names)) {
		$problems[] = $text['message-destination_first'];
	}
	foreach ($problems as $problem) {
		voice_page::notice(escape($problem));
	}

//show the content
	echo "<form method='post' name='frm' id='frm' action='voice_transfer_rule_edit.php".($stored === null ? '' : '?id='.urlencode($stored['voice_transfer_rule_uuid']))."'>\n";
	echo "<div class='action_bar' id='action_bar'>\n";
	echo "	<div class='heading'><b>".$text['title-voice_transfer_rule']."</b></div>\n";
	echo "	<div class='actions'>\n";
	echo button::create(['type' => 'button', 'label' => $text['button-back'], 'icon' => $settings->get('theme', 'button_icon_back'), 'id' => 'btn_back', 'link' => 'voice_transfer_rules.php']);
	echo button::create(['type' => 'submit', 'label' => $text['button-save'], 'icon' => $settings->get('theme', 'button_icon_save'), 'id' => 'btn_save', 'style' => 'margin-left: 15px;']);
	echo "	</div>\n";
	echo "	<div style='clear: both;'></div>\n";
	echo "</div>\n";
	echo "<div class='card'>\n<table width='100%' border='0' cellpadding='0' cellspacing='0'>\n";
	echo voice_form::row($text['label-intent'], voice_form::text('rule_intent', $row['rule_intent'], ['required' => 'required']), $text['description-intent'], true);
	echo voice_form::row($text['label-phrases'], voice_form::textarea('rule_phrases', implode("\n", array_filter(voice_rows::json($row['rule_phrases']), 'is_string')), 20000, 140), $text['description-phrases'], true);
	echo voice_form::row($text['label-destination'], voice_form::select('voice_transfer_destination_uuid', ['' => ''] + $destination_names, $row['voice_transfer_destination_uuid'], ['required' => 'required']), '', true);
	echo voice_form::row($text['label-language'], voice_form::select('rule_language', ['' => $text['label-any_language']] + voice_secretary_settings::languages, $row['rule_language']));
	echo voice_form::row($text['label-secretary'], voice_form::select('voice_secretary_uuid', ['' => $text['label-all_secretaries']] + $secretaries, $row['voice_secretary_uuid']), $text['description-secretary']);
	echo voice_form::row($text['label-provider_priority'], voice_form::number('rule_priority', (string) (int) $row['rule_priority'], 0, 100000), $text['description-rule_priority']);
	echo voice_form::row($text['label-immediate'], voice_form::toggle('rule_immediate', $row['rule_immediate'] === 'true', $text), $text['description-immediate']);
	echo voice_form::row($text['label-enabled'], voice_form::toggle('rule_enabled', $row['rule_enabled'] === 'true', $text));
	echo "</table>\n</div>\n<br />\n";
	echo voice_page::token_field();
	echo "</form>\n";

//include the footer
	require_once "resources/footer.php";

?>
