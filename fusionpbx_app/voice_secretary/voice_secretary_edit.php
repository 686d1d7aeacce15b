<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";

//check permissions
	voice_page::require_permission('voice_secretary_add', 'voice_secretary_edit');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

//the secretary of this domain that is edited, or none: it is new
	$stored = voice_rows::find($database, 'voice_secretaries', $_REQUEST['id'] ?? null, $domain_uuid);
	if (!permission_exists($stored === null ? 'voice_secretary_add' : 'voice_secretary_edit') || (!empty($_REQUEST['id']) && $stored === null)) {
		message::add($text['message-not_found'], 'negative');
		voice_page::go('voice_secretaries.php');
	}

//what may be chosen
	$sql = "select voice_provider_uuid, provider_kind, provider_name, provider_label from v_voice_providers ";
	$sql .= "where domain_uuid = :domain_uuid order by provider_priority asc, provider_name asc ";
	$providers = $database->select($sql, ['domain_uuid' => $domain_uuid], 'all');
	$providers = is_array($providers) ? $providers : [];
	$provider_kinds = array_column($providers, 'provider_kind', 'voice_provider_uuid');
	$sql = "select destination_name from v_voice_transfer_destinations ";
	$sql .= "where domain_uuid = :domain_uuid and destination_enabled = true order by destination_order asc, destination_name asc ";
	$destination_names = $database->select($sql, ['domain_uuid' => $domain_uuid], 'all');
	$destination_names = array_column(is_array($destination_names) ? $destination_names : [], 'destination_name');

//save what was posted
	$problems = [];
	if (!empty($_POST)) {
		voice_page::require_genuine($text, 'voice_secretaries.php');
		$before = $stored === null ? [] : voice_rows::json($stored['secretary_settings']);
		$secretary_settings = voice_secretary_settings::from_post($_POST, $before, $provider_kinds, $destination_names);
		$row = [
			'secretary_name' => voice_form::posted($_POST, 'secretary_name'),
			'secretary_extension' => voice_form::posted($_POST, 'secretary_extension', 20),
			'secretary_mode' => voice_form::posted_choice($_POST, 'secretary_mode', ['turn', 'realtime', 'auto'], 'turn'),
			'secretary_settings' => voice_secretary_settings::encode($secretary_settings),
			'secretary_enabled' => voice_form::posted_choice($_POST, 'secretary_enabled', ['true', 'false'], 'false'),
			'secretary_description' => voice_form::posted($_POST, 'secretary_description', 1000),
		];
		if ($row['secretary_name'] === '') {
			$problems[] = $text['message-required'].' '.$text['label-secretary_name'];
		}
		if (!preg_match('/^[0-9*#]{1,20}$/', $row['secretary_extension'])) {
			$problems[] = $text['message-number_form'];
		}
		if (empty($problems)) {
			$secretaries = new voice_secretaries(['database' => $database, 'domain_uuid' => $domain_uuid, 'domain_name' => $_SESSION['domain_name']]);
			$secretary_uuid = $stored['voice_secretary_uuid'] ?? uuid();
			$row['voice_secretary_uuid'] = $secretary_uuid;
			$why_not = $secretaries->save($row, $stored);
			if ($why_not !== null) {
				$problems[] = $text[$why_not === 'failed' ? 'message-not_saved' : 'message-number_taken'];
			}
		}
		if (empty($problems)) {
			message::add($text[$stored === null ? 'message-add' : 'message-update']);
			if (($_POST['then'] ?? '') === 'publish') {
				$service = new voice_service($database, $domain_uuid);
				$answer = $service->post('/secretaries/'.$secretary_uuid.'/publish', ['note' => voice_form::posted($_POST, 'version_note', 500)]);
				$answer->is_ok() ? message::add($text['message-published']) : message::add($text['message-not_published'].' '.$answer->reason($text), 'negative', 8000);
			}
			voice_page::go('voice_secretary_edit.php?id='.urlencode($secretary_uuid));
		}
	}
	else {
		$row = $stored ?? ['secretary_name' => '', 'secretary_extension' => '', 'secretary_mode' => 'turn', 'secretary_enabled' => 'true', 'secretary_description' => '', 'published_version' => null];
		$secretary_settings = $stored === null ? ['hours' => ['always_open' => true], 'fallback' => ['kind' => 'message']] : voice_rows::json($stored['secretary_settings']);
	}

//shorter names for the form
	$languages = $secretary_settings['languages'] ?? ['pt-BR'];
	$first = $languages[0] ?? 'pt-BR';
	$hours = $secretary_settings['hours'] ?? null;
	$hours_kind = $hours === null ? 'closed' : (!empty($hours['always_open']) ? 'always' : 'week');
	$destination_options = ['' => ''] + array_combine($destination_names, $destination_names);
	$published = $stored['published_version'] ?? null;

//include header
	$document['title'] = $text['title-voice_secretary'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_secretaries.php');
	foreach ($problems as $problem) {
		voice_page::notice(escape($problem));
	}

//show the content
	echo "<form method='post' name='frm' id='frm' action='voice_secretary_edit.php".($stored === null ? '' : '?id='.urlencode($stored['voice_secretary_uuid']))."'>\n";
	echo "<input type='hidden' name='then' id='then' value=''>\n";
	echo "<div class='action_bar' id='action_bar'>\n";
	echo "	<div class='heading'><b>".$text['title-voice_secretary']."</b></div>\n";
	echo "	<div class='actions'>\n";
	echo button::create(['type' => 'button', 'label' => $text['button-back'], 'icon' => $settings->get('theme', 'button_icon_back'), 'id' => 'btn_back', 'link' => 'voice_secretaries.php']);
	if ($stored !== null) {
		echo button::create(['type' => 'button', 'label' => $text['button-history'], 'icon' => 'clock-rotate-left', 'id' => 'btn_history', 'link' => 'voice_secretary_versions.php?id='.urlencode($stored['voice_secretary_uuid'])]);
	}
	echo button::create(['type' => 'submit', 'label' => $text['button-save'], 'icon' => $settings->get('theme', 'button_icon_save'), 'id' => 'btn_save', 'style' => 'margin-left: 15px;']);
	echo button::create(['type' => 'submit', 'label' => $text['button-save_publish'], 'icon' => 'cloud-arrow-up', 'id' => 'btn_publish', 'onclick' => "document.getElementById('then').value = 'publish';"]);
	echo "	</div>\n";
	echo "	<div style='clear: both;'></div>\n";
	echo "</div>\n";
	echo $text['description-voice_secretary_edit']."<br />\n";
	echo "<span class='voice_small'>".($published === null ? $text['label-never_published'] : $text['label-published_version'].': '.(int) $published)."</span><br /><br />\n";

	echo "<div class='card'>\n<table width='100%' border='0' cellpadding='0' cellspacing='0'>\n";
	echo voice_form::row($text['label-secretary_name'], voice_form::text('secretary_name', $row['secretary_name'], ['required' => 'required']), $text['description-secretary_name'], true);
	echo voice_form::row($text['label-extension'], voice_form::text('secretary_extension', $row['secretary_extension'], ['required' => 'required', 'pattern' => '[0-9*#]{1,20}', 'maxlength' => '20', 'inputmode' => 'tel']), $text['description-secretary_extension'], true);
	echo voice_form::row($text['label-language'], voice_form::select('language', voice_secretary_settings::languages, $first), $text['description-language'], true);
	echo voice_form::row($text['label-secretary_mode'], voice_form::select('secretary_mode', ['turn' => $text['label-mode_turn'], 'realtime' => $text['label-mode_realtime'], 'auto' => $text['label-mode_auto']], $row['secretary_mode']), $text['description-secretary_mode']);
	foreach (voice_secretary_settings::languages as $tag => $name) {
		$shown = count($languages) > 1 || $tag === $first;
		echo str_replace("<tr>", "<tr class='voice_text_row' data-language='".$tag."'".($shown ? '' : " style='display: none;'").">", voice_form::row($text['label-greeting'].' ('.$name.')', voice_form::textarea('greeting_'.$tag, $secretary_settings['greeting'][$tag] ?? '', 4000), $text['description-greeting']));
	}
	echo voice_form::row($text['label-persona'], voice_form::textarea('persona', $secretary_settings['persona'] ?? '', 8000, 160), $text['description-persona']);
	echo voice_form::row($text['label-enabled'], voice_form::toggle('secretary_enabled', $row['secretary_enabled'] === 'true', $text));
	echo voice_form::row($text['label-description'], voice_form::text('secretary_description', $row['secretary_description'], ['maxlength' => '1000']));
	echo voice_form::row($text['label-version_note'], voice_form::text('version_note', '', ['maxlength' => '500']), $text['description-version_note']);
	echo "</table>\n";

	//what it knows
	echo voice_form::section($text['label-section_knowledge']);
	echo voice_form::row($text['label-business_name'], voice_form::text('business_name', $secretary_settings['business_name'] ?? ''), $text['description-business_name']);
	$facts = "<div id='voice_facts'></div><button type='button' class='btn btn-default' id='voice_fact_add'><span class='fa-solid fa-plus fa-fw'></span> ".escape($text['button-add'])."</button>";
	echo voice_form::row($text['label-facts'], $facts, $text['description-facts']);
	echo voice_form::section_end();

	//hours
	echo voice_form::section($text['label-section_hours']);
	echo voice_form::row($text['label-hours_kind'], voice_form::select('hours_kind', ['always' => $text['label-hours_always'], 'week' => $text['label-hours_week'], 'closed' => $text['label-hours_closed']], $hours_kind), $text['description-hours_kind']);
	$week = "<table class='voice_hours'>\n";
	foreach (voice_secretary_settings::weekdays as $day) {
		$week .= "<tr><td style='padding-right: 12px;'>".escape($text['label-day_'.$day])."</td><td>";
		foreach ([0, 1] as $place) {
			$opening = $hours['week'][$day][$place] ?? [];
			$week .= ($place === 1 ? " &nbsp;&nbsp; " : '');
			$week .= voice_form::text('week['.$day.']['.$place.'][opens]', substr($opening['opens'] ?? '', 0, 5), ['type' => 'time'])." - ";
			$week .= voice_form::text('week['.$day.']['.$place.'][closes]', substr($opening['closes'] ?? '', 0, 5), ['type' => 'time']);
		}
		$week .= "</td></tr>\n";
	}
	$week .= "</table>";
	echo voice_form::row($text['label-hours_table'], $week, $text['description-hours_table']);
	$zones = ['' => $text['label-domain_default']];
	foreach (DateTimeZone::listIdentifiers() as $zone) {
		$zones[$zone] = $zone;
	}
	echo voice_form::row($text['label-time_zone'], voice_form::select('hours_time_zone', $zones, $hours['time_zone'] ?? ''));
	echo voice_form::row($text['label-holidays_country'], voice_form::text('holidays_country', $hours['holidays_country'] ?? '', ['maxlength' => '2', 'pattern' => '[A-Za-z]{2}', 'placeholder' => 'BR', 'style' => 'width: 80px; min-width: 80px;']).' '.voice_form::text('holidays_subdivision', $hours['holidays_subdivision'] ?? '', ['maxlength' => '6', 'placeholder' => 'SP', 'style' => 'width: 80px; min-width: 80px;']), $text['description-holidays_country']);
	echo voice_form::row($text['label-hours_exceptions'], "<div id='voice_exceptions'></div><button type='button' class='btn btn-default' id='voice_exception_add'><span class='fa-solid fa-plus fa-fw'></span> ".escape($text['button-add'])."</button>", $text['description-hours_exceptions']);
	echo voice_form::row($text['label-closed_action'], voice_form::select('closed_action', ['hangup' => $text['label-ending_hangup'], 'message' => $text['label-ending_message'], 'transfer' => $text['label-ending_transfer']], $secretary_settings['closed_action']['kind'] ?? 'hangup').' '.voice_form::select('closed_action_destination', $destination_options, $secretary_settings['closed_action']['destination'] ?? ''), $text['description-closed_action']);
	echo voice_form::section_end();

	//texts
	echo voice_form::section($text['label-section_texts']);
	foreach (voice_secretary_settings::languages as $tag => $name) {
		echo voice_form::row($text['label-also_speaks'].' '.$name, voice_form::toggle('also_'.$tag, in_array($tag, $languages, true), $text), $text['description-also_speaks']);
	}
	foreach (['outside_hours', 'farewell'] as $field) {
		foreach (voice_secretary_settings::languages as $tag => $name) {
			echo voice_form::row($text['label-'.$field].' ('.$name.')', voice_form::textarea($field.'_'.$tag, $secretary_settings[$field][$tag] ?? '', 4000), $text['description-text_default']);
		}
	}
	echo voice_form::section_end();

	//providers and voice
	echo voice_form::section($text['label-section_providers']);
	foreach (voice_secretary_settings::kinds as $kind) {
		$options = ['' => $text['label-by_priority']];
		foreach ($providers as $provider) {
			if ($provider['provider_kind'] === $kind) {
				$options[$provider['voice_provider_uuid']] = ($provider['provider_label'] ?: $provider['provider_name']).' ('.$provider['provider_name'].')';
			}
		}
		$chosen = $secretary_settings['providers'][$kind] ?? [];
		echo voice_form::row($text['label-kind_'.$kind], voice_form::select('provider_'.$kind.'_first', $options, $chosen[0] ?? '').' '.voice_form::select('provider_'.$kind.'_second', ['' => $text['label-no_second']] + array_slice($options, 1, null, true), $chosen[1] ?? ''), $text['description-kind_'.$kind]);
	}
	foreach (voice_secretary_settings::languages as $tag => $name) {
		echo voice_form::row($text['label-voice'].' ('.$name.')', voice_form::text('voice_'.$tag, $secretary_settings['voices'][$tag] ?? ''), $text['description-voice']);
	}
	echo voice_form::section_end();

	//hand-over
	echo voice_form::section($text['label-section_handover']);
	echo voice_form::row($text['label-fallback'], voice_form::select('fallback', ['hangup' => $text['label-ending_hangup'], 'message' => $text['label-ending_message'], 'transfer' => $text['label-ending_transfer']], $secretary_settings['fallback']['kind'] ?? 'hangup').' '.voice_form::select('fallback_destination', $destination_options, $secretary_settings['fallback']['destination'] ?? ''), $text['description-fallback']);
	echo voice_form::row($text['label-transfer_style'], voice_form::select('transfer_style', ['blind' => $text['label-transfer_blind'], 'attended' => $text['label-transfer_attended']], $secretary_settings['transfers']['style'] ?? 'blind'), $text['description-transfer_style']);
	echo voice_form::row($text['label-transfer_ring_s'], voice_form::number('transfer_ring_s', $secretary_settings['transfers']['ring_s'] ?? 25, 5, 120, 's'));
	$keys = "<table>\n";
	foreach (str_split('1234567890*#') as $key) {
		$action = $secretary_settings['dtmf'][$key] ?? [];
		$keys .= "<tr><td style='padding-right: 12px;'><b>".$key."</b></td><td>".voice_form::select('dtmf['.$key.'][action]', array_combine(voice_secretary_settings::dtmf_actions, array_map(function ($name) use ($text) { return $name === '' ? '' : $text['label-dtmf_'.$name]; }, voice_secretary_settings::dtmf_actions)), $action['action'] ?? '').' '.voice_form::select('dtmf['.$key.'][destination]', $destination_options, $action['destination'] ?? '')."</td></tr>\n";
	}
	echo voice_form::row($text['label-dtmf'], $keys."</table>", $text['description-dtmf']);
	echo voice_form::section_end();

	//recording and consent
	echo voice_form::section($text['label-section_consent']);
	echo voice_form::row($text['label-disclosure'], voice_form::toggle('disclosure', (bool) ($secretary_settings['disclosure'] ?? true), $text), $text['description-disclosure']);
	echo voice_form::row($text['label-record_calls'], voice_form::toggle('record_calls', (bool) ($secretary_settings['record_calls'] ?? false), $text), $text['description-record_calls']);
	foreach (voice_secretary_settings::languages as $tag => $name) {
		echo voice_form::row($text['label-recording_notice'].' ('.$name.')', voice_form::textarea('recording_notice_'.$tag, $secretary_settings['recording_notice'][$tag] ?? '', 4000), $text['description-text_default']);
	}
	echo voice_form::section_end();

	//limits and turn-taking
	echo voice_form::section($text['label-section_limits']);
	foreach (voice_secretary_settings::limits as $name => [$least, $most, $default, $unit]) {
		echo voice_form::row($text['label-limits_'.$name], voice_form::number('limits_'.$name, $secretary_settings['limits'][$name] ?? $default, $least, $most, $unit));
	}
	echo voice_form::section_end();
	echo voice_form::section($text['label-section_turn_taking']);
	foreach (voice_secretary_settings::turn_taking as $name => [$least, $most, $default, $unit]) {
		echo voice_form::row($text['label-turn_taking_'.$name], voice_form::number('turn_taking_'.$name, $secretary_settings['turn_taking'][$name] ?? $default, $least, $most, $unit));
	}
	foreach (voice_secretary_settings::turn_taking_choices as $name => $values) {
		$labels = array_map(function ($value) use ($text) { return $text['label-turn_taking_'.$value]; }, $values);
		echo voice_form::row($text['label-turn_taking_'.$name], voice_form::select('turn_taking_'.$name, array_combine($values, $labels), $secretary_settings['turn_taking'][$name] ?? $values[0]));
	}
	foreach (voice_secretary_settings::turn_taking_switches as $name => $default) {
		echo voice_form::row($text['label-turn_taking_'.$name], voice_form::toggle('turn_taking_'.$name, (bool) ($secretary_settings['turn_taking'][$name] ?? $default), $text));
	}
	echo voice_form::section_end();
	echo "</div>\n<br />\n";
	echo voice_page::token_field();
	echo "</form>\n";

	$exceptions = array_map(function ($exception) {
		$opening = $exception['openings'][0] ?? [];
		return ['day' => $exception['day'], 'opens' => substr($opening['opens'] ?? '', 0, 5), 'closes' => substr($opening['closes'] ?? '', 0, 5), 'name' => $exception['name'] ?? ''];
	}, $hours['exceptions'] ?? []);
	$labels = ['topic' => $text['label-fact_topic'], 'questions' => $text['label-fact_questions'], 'answer' => $text['label-fact_answer'], 'remove' => $text['button-delete'], 'name' => $text['label-name']];
	echo "<script src='".PROJECT_PATH."/app/voice_secretary/resources/javascript/secretary_edit.js'></script>\n";
	echo "<script>voice_secretary_edit(".voice_page::script_json(['facts' => $secretary_settings['facts'] ?? [], 'exceptions' => $exceptions, 'languages' => voice_secretary_settings::languages, 'labels' => $labels]).");</script>\n";

//include the footer
	require_once "resources/footer.php";

?>
