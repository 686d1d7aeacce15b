<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";
	require_once "resources/paging.php";

//check permissions
	voice_page::require_permission('voice_provider_view');
	$may_add = permission_exists('voice_provider_add');
	$may_edit = permission_exists('voice_provider_edit');
	$may_delete = permission_exists('voice_provider_delete');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

	$list = new voice_list(['provider_kind', 'provider_priority', 'provider_name', 'provider_label', 'provider_enabled']);
	$service = new voice_service($database, $domain_uuid);

//try one, for the page's own script
	if (($_POST['action'] ?? '') === 'try' && $may_edit) {
		if (!voice_page::is_genuine()) {
			voice_page::answer_json(['problem' => $text['message-invalid_token']], 403);
		}
		$row = voice_rows::find($database, 'voice_providers', $_POST['id'] ?? null, $domain_uuid);
		if ($row === null) {
			voice_page::answer_json(['problem' => $text['message-not_found']], 404);
		}
		$answer = $service->post('/providers/'.$row['voice_provider_uuid'].'/try');
		voice_page::answer_json($answer->is_ok() ? $answer->data : ['problem' => html_entity_decode($answer->reason($text), ENT_QUOTES)]);
	}

//process the http post data by action
	if (!empty($_POST['action']) && isset($_POST['voice_providers'])) {
		voice_page::require_genuine($text, $list->url('voice_providers.php'));
		$problem = '';
		foreach (voice_rows::checked($database, 'voice_providers', $_POST['voice_providers'], $domain_uuid) as $row) {
			$path = '/providers/'.$row['voice_provider_uuid'];
			$answer = null;
			if ($_POST['action'] === 'toggle' && $may_edit) {
				$answer = $service->put($path, ['kind' => $row['provider_kind'], 'name' => $row['provider_name'], 'label' => (string) $row['provider_label'], 'settings' => (object) voice_rows::json($row['provider_settings']), 'priority' => (int) $row['provider_priority'], 'enabled' => $row['provider_enabled'] !== 'true']);
			}
			if ($_POST['action'] === 'delete' && $may_delete) {
				$answer = $service->delete($path);
			}
			if ($answer !== null && !$answer->is_ok()) {
				$problem = $answer->reason($text);
			}
		}
		$problem === '' ? message::add($text['message-'.($_POST['action'] === 'delete' ? 'delete' : 'toggle')]) : message::add($problem, 'negative', 8000);
		voice_page::go($list->url('voice_providers.php'));
	}

//get the list: all that the browser may know of a key is that there is one
	$parameters = ['domain_uuid' => $domain_uuid];
	$sql_where = "where domain_uuid = :domain_uuid ".$list->searched(['provider_kind', 'provider_name', 'provider_label'], $parameters);
	$num_rows = (int) $database->select("select count(*) from v_voice_providers ".$sql_where, $parameters, 'column');
	$list->paged($settings, $num_rows);
	$sql = "select voice_provider_uuid, provider_kind, provider_name, provider_label, provider_priority, ";
	$sql .= "provider_settings ->> 'model' as provider_model, cast(provider_enabled as text) as provider_enabled, ";
	$sql .= "provider_secret is not null as has_secret from v_voice_providers ".$sql_where;
	$sql .= order_by($list->order_by, $list->order, 'provider_kind', 'asc').", provider_priority asc ";
	$sql .= limit_offset($list->rows_per_page, $list->offset);
	$rows = $database->select($sql, $parameters, 'all');
	$rows = is_array($rows) ? $rows : [];
	$catalogue = $service->get('/providers/catalogue');

//include header
	$document['title'] = $text['title-voice_providers'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_providers.php');
	voice_page::noticed($catalogue, $text);

//show the content
	$buttons = $may_add ? button::create(['type' => 'button', 'label' => $text['button-add'], 'icon' => $settings->get('theme', 'button_icon_add'), 'id' => 'btn_add', 'link' => 'voice_provider_edit.php']) : '';
	$list->head($settings, $text, $text['title-voice_providers'], $num_rows, $buttons, array_keys(array_filter(['toggle' => $may_edit && $rows, 'delete' => $may_delete && $rows])));
	echo $text['description-voice_providers']."\n<br /><br />\n";
	$has_checkbox = $may_edit || $may_delete;
	$list->table([
		'provider_kind' => [$text['label-provider_kind'], ''],
		'provider_name' => [$text['label-provider_name'], ''],
		'provider_label' => [$text['label-provider_label'], "class='hide-sm-dn'"],
		0 => [$text['label-provider_model'], "class='hide-sm-dn'"],
		1 => [$text['label-provider_secret'], "class='center'"],
		'provider_priority' => [$text['label-provider_priority'], "class='center'"],
		'provider_enabled' => [$text['label-enabled'], "class='center'"],
		2 => ['', ''],
	], $has_checkbox, !empty($rows));
	foreach ($rows as $x => $row) {
		$link = $may_edit ? "voice_provider_edit.php?id=".urlencode($row['voice_provider_uuid']) : '';
		echo "<tr class='list-row' href='".$link."'>\n";
		if ($has_checkbox) {
			echo voice_list::checkbox('voice_providers', $x, $row['voice_provider_uuid']);
		}
		echo "	<td>".escape($text['label-kind_'.$row['provider_kind']] ?? $row['provider_kind'])."</td>\n";
		echo "	<td>".($link === '' ? '' : "<a href='".$link."'>").escape($row['provider_name']).($link === '' ? '' : "</a>")."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape($row['provider_label'] ?? '')."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape($row['provider_model'] ?? '')."</td>\n";
		echo "	<td class='center'>".($row['has_secret'] ? $text['label-stored'] : '')."</td>\n";
		echo "	<td class='center'>".escape((string) (int) $row['provider_priority'])."</td>\n";
		echo voice_list::enabled($x, (string) $row['provider_enabled'], $may_edit, $text);
		echo "	<td class='no-link'>".($may_edit ? button::create(['type' => 'button', 'label' => $text['button-test'], 'icon' => 'vial', 'class' => '+voice_try', 'onclick' => "voice_try(this, '".escape($row['voice_provider_uuid'])."');"])." <span class='voice_small'></span>" : '')."</td>\n";
		echo "</tr>\n";
	}
	$list->foot();

	if ($catalogue->is_ok()) {
		echo "<details class='voice_section'><summary>".$text['label-catalogue']."</summary><br /><table class='list'>\n";
		echo "<tr class='list-header'><th>".$text['label-provider_kind']."</th><th>".$text['label-provider_name']."</th><th>".$text['label-provider_where']."</th><th>".$text['label-provider_runs']."</th></tr>\n";
		foreach ($catalogue->data['providers'] ?? [] as $entry) {
			echo "<tr class='list-row'><td>".escape($text['label-kind_'.($entry['kind'] ?? '')] ?? '')."</td><td>".escape($entry['name'])."</td><td>".$text[$entry['local'] ? 'label-local' : 'label-cloud']."</td><td>".escape($entry['unavailable'] ?? $text['label-true'])."</td></tr>\n";
		}
		echo "</table></details>\n";
	}

	echo "<script>\n";
	echo "	async function voice_try(button, id) {\n";
	echo "		const said = button.parentNode.querySelector('.voice_small') || button.closest('td').querySelector('.voice_small');\n";
	echo "		const form = new FormData(document.getElementById('form_list'));\n";
	echo "		const asked = new URLSearchParams({ action: 'try', id: id });\n";
	echo "		for (const [name, value] of form) { if (/^[0-9a-f]{64}$/.test(name)) asked.set(name, value); }\n";
	echo "		button.disabled = true;\n";
	echo "		said.textContent = '...';\n";
	echo "		try {\n";
	echo "			const answer = await (await fetch('voice_providers.php', { method: 'POST', body: asked })).json();\n";
	echo "			said.textContent = answer.problem || Math.round(answer.first_ms) + ' / ' + Math.round(answer.total_ms) + ' ms: ' + answer.outcome;\n";
	echo "		} catch (error) {\n";
	echo "			said.textContent = ".voice_page::script_json($text['message-page_failed']).";\n";
	echo "		}\n";
	echo "		button.disabled = false;\n";
	echo "	}\n";
	echo "</script>\n";

//include the footer
	require_once "resources/footer.php";

?>
