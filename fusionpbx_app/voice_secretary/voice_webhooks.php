<?php

//includes files
	require_once dirname(__DIR__, 2) . "/resources/require.php";
	require_once "resources/check_auth.php";
	require_once "resources/paging.php";

//check permissions
	voice_page::require_permission('voice_webhook_view');
	$may_add = permission_exists('voice_webhook_add');
	$may_edit = permission_exists('voice_webhook_edit');
	$may_delete = permission_exists('voice_webhook_delete');

//add multi-lingual support
	$language = new text;
	$text = $language->get();

	$list = new voice_list(['webhook_name', 'webhook_kind', 'webhook_url', 'webhook_enabled']);
	$service = new voice_service($database, $domain_uuid);

//process the http post data by action
	if (!empty($_POST['action']) && isset($_POST['voice_webhooks'])) {
		voice_page::require_genuine($text, $list->url('voice_webhooks.php'));
		$problem = '';
		foreach (voice_rows::checked($database, 'voice_webhooks', $_POST['voice_webhooks'], $domain_uuid) as $row) {
			$path = '/webhooks/'.$row['voice_webhook_uuid'];
			$answer = null;
			if ($_POST['action'] === 'toggle' && $may_edit) {
				$answer = $service->put($path, ['name' => (string) $row['webhook_name'], 'kind' => $row['webhook_kind'], 'url' => $row['webhook_url'], 'events' => voice_rows::json($row['webhook_events']), 'headers' => (object) voice_rows::json($row['webhook_headers']), 'enabled' => $row['webhook_enabled'] !== 'true']);
			}
			if ($_POST['action'] === 'delete' && $may_delete) {
				$answer = $service->delete($path);
			}
			if ($answer !== null && !$answer->is_ok()) {
				$problem = $answer->reason($text);
			}
		}
		$problem === '' ? message::add($text['message-'.($_POST['action'] === 'delete' ? 'delete' : 'toggle')]) : message::add($problem, 'negative', 8000);
		voice_page::go($list->url('voice_webhooks.php'));
	}

//get the list
	$parameters = ['domain_uuid' => $domain_uuid];
	$sql_where = "where w.domain_uuid = :domain_uuid ".$list->searched(['w.webhook_name', 'w.webhook_url'], $parameters);
	$num_rows = (int) $database->select("select count(*) from v_voice_webhooks as w ".$sql_where, $parameters, 'column');
	$list->paged($settings, $num_rows);
	$sql = "select w.voice_webhook_uuid, w.webhook_name, w.webhook_kind, w.webhook_url, w.webhook_events, cast(w.webhook_enabled as text) as webhook_enabled, ";
	$sql .= "(select count(*) from v_voice_outbox as o where o.domain_uuid = w.domain_uuid and o.voice_webhook_uuid = w.voice_webhook_uuid and o.delivery_status = 'pending') as pending, ";
	$sql .= "(select count(*) from v_voice_outbox as o where o.domain_uuid = w.domain_uuid and o.voice_webhook_uuid = w.voice_webhook_uuid and o.delivery_status = 'dead') as dead ";
	$sql .= "from v_voice_webhooks as w ".$sql_where;
	$sql .= order_by($list->order_by, $list->order, 'webhook_name', 'asc');
	$sql .= limit_offset($list->rows_per_page, $list->offset);
	$rows = $database->select($sql, $parameters, 'all');
	$rows = is_array($rows) ? $rows : [];
	$health = $service->health();

//include header
	$document['title'] = $text['title-voice_webhooks'];
	require_once "resources/header.php";
	voice_page::top($database, $text, 'voice_webhooks.php');
	if ($health->is_away()) {
		voice_page::notice($health->reason($text));
	}

//a secret that was just made is shown this one time
	if (!empty($_SESSION['voice_webhook_secret'])) {
		echo "<b>".$text['label-secret_once']."</b><div class='voice_once' id='voice_secret'>".escape($_SESSION['voice_webhook_secret'])."</div><br />\n";
		unset($_SESSION['voice_webhook_secret']);
	}

//show the content
	$buttons = button::create(['type' => 'button', 'label' => $text['button-deliveries'], 'icon' => 'list-check', 'link' => 'voice_deliveries.php']);
	if ($may_add) {
		$buttons .= button::create(['type' => 'button', 'label' => $text['button-omniplay'], 'icon' => 'plug', 'id' => 'btn_omniplay', 'link' => 'voice_webhook_edit.php?kind=omniplay']);
		$buttons .= button::create(['type' => 'button', 'label' => $text['button-add'], 'icon' => $settings->get('theme', 'button_icon_add'), 'id' => 'btn_add', 'link' => 'voice_webhook_edit.php']);
	}
	$list->head($settings, $text, $text['title-voice_webhooks'], $num_rows, $buttons, array_keys(array_filter(['toggle' => $may_edit && $rows, 'delete' => $may_delete && $rows])));
	echo $text['description-voice_webhooks']."\n<br /><br />\n";
	$has_checkbox = $may_edit || $may_delete;
	$list->table([
		'webhook_name' => [$text['label-name'], ''],
		'webhook_kind' => [$text['label-type'], ''],
		'webhook_url' => [$text['label-url'], "class='hide-sm-dn'"],
		0 => [$text['label-events'], "class='hide-sm-dn'"],
		1 => [$text['label-delivery_pending'], "class='center'"],
		2 => [$text['label-delivery_dead'], "class='center'"],
		'webhook_enabled' => [$text['label-enabled'], "class='center'"],
	], $has_checkbox, !empty($rows));
	foreach ($rows as $x => $row) {
		$link = $may_edit ? "voice_webhook_edit.php?id=".urlencode($row['voice_webhook_uuid']) : '';
		echo "<tr class='list-row' href='".$link."'>\n";
		if ($has_checkbox) {
			echo voice_list::checkbox('voice_webhooks', $x, $row['voice_webhook_uuid']);
		}
		echo "	<td>".($link === '' ? '' : "<a href='".$link."'>").escape($row['webhook_name'] ?? '').($link === '' ? '' : "</a>")."</td>\n";
		echo "	<td>".escape($text['label-webhook_'.$row['webhook_kind']] ?? '')."</td>\n";
		echo "	<td class='hide-sm-dn overflow'>".escape($row['webhook_url'])."</td>\n";
		echo "	<td class='hide-sm-dn'>".escape(implode(', ', array_filter(voice_rows::json($row['webhook_events']), 'is_string')) ?: $text['label-all_events'])."</td>\n";
		foreach (['pending', 'dead'] as $status) {
			echo "	<td class='center no-link'><a href='voice_deliveries.php?webhook=".urlencode($row['voice_webhook_uuid'])."&status=".$status."'>".(int) $row[$status]."</a></td>\n";
		}
		echo voice_list::enabled($x, (string) $row['webhook_enabled'], $may_edit, $text);
		echo "</tr>\n";
	}
	$list->foot();

//include the footer
	require_once "resources/footer.php";

?>
